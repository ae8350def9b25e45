/** Runs one benchmark and prints its figures: `node run-topic.ts evaluate`. */
import type { BenchModule } from './run.ts';

const { bench } = (await import(`./${process.argv[2]}.bench.ts`)) as BenchModule;
const lines = await bench();
const width = Math.max(...lines.map(({ name }) => name.length));
for (const { name, value } of lines) console.log(`  ${name.padEnd(width)}  ${value}`);
