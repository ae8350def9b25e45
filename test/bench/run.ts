/**
 * `npm run bench [topic…]`: runs every *.bench.ts beside it and prints what it measured. Figures are for reading;
 * nothing is asserted on time.
 */
import { readdir } from 'node:fs/promises';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { $ } from '#test/support/shell.ts';

/** One measured figure, with its unit in the text. */
export interface BenchLine {
  readonly name: string;
  readonly value: string;
}

export interface BenchModule {
  bench(): Promise<readonly BenchLine[]>;
}

const wanted = process.argv.slice(2);
const files = (await readdir(import.meta.dirname)).filter((file) => file.endsWith('.bench.ts')).sort();
const topics = files.map((file) => file.replace('.bench.ts', ''));
const unknown = wanted.filter((topic) => !topics.includes(topic));
if (unknown.length > 0) {
  console.error(`no such benchmark: ${unknown.join(', ')}; there are: ${topics.join(', ')}`);
  process.exit(2);
}

console.log(`node ${process.version}, ${cpus().length} × ${cpus()[0]?.model ?? 'unknown processor'}`);
for (const topic of topics.filter((each) => wanted.length === 0 || wanted.includes(each))) {
  console.log(`\n${topic}`);
  // Each in a process of its own: what one leaves in memory is none of the next one's figures.
  await $({ stdio: 'inherit' })`${process.execPath} ${join(import.meta.dirname, 'run-topic.ts')} ${topic}`;
}
