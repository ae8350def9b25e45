import { Readable, Writable } from 'node:stream';
import test from 'ava';
import type { Command } from 'commander';
import manifest from '#manifest' with { type: 'json' };
import type { CommandContext } from '#tools/command.ts';
import { commands } from '#tools/command-table.ts';
import { codeSpans, type Fence, pages, split } from './markdown.ts';

const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
const context: CommandContext = {
  cwd: '/',
  env: {},
  stdin: Readable.from([]),
  stdout: nowhere,
  stderr: nowhere,
  signal: new AbortController().signal,
};

const defined = new Map<string, Command>();
for (const { name, load } of commands)
  defined.set(
    name,
    (await load()).define(context, () => undefined),
  );

/** Lines that a reader would type. Output stands in console blocks, where only what follows a prompt is typed. */
function typedLines({ language, lines }: Fence): string[] {
  if (/^(json|yaml|ts|mermaid|ini)$/.test(language)) return [];
  const joined = lines.join('\n').replace(/\\\n\s*/g, ' ');
  const prompted = joined.split('\n').flatMap((line) => /^[$#] (.*)/.exec(line)?.[1] ?? []);
  const isConsole = language === 'console' || prompted.length > 0;
  return isConsole ? prompted : joined.split('\n');
}

/** Calls of hzn-armor in a line: the words after the name. */
function callsIn(line: string): string[][] {
  const withoutText = line.replace(/"[^"]*"|'[^']*'/g, 'TEXT').replace(/(^|\s)# .*$/, '');
  return withoutText.split(/&&|;|\s\|\s/).flatMap((part) => {
    const call = /(?:^|\s)hzn-armor\s+(.*)$/.exec(part)?.[1] ?? npmCall(part);
    return call === undefined ? [] : [call.trim().split(/\s+/)];
  });
}

/** `npm run plan -- --only x` is `hzn-armor plan --only x`. */
function npmCall(part: string): string | undefined {
  const match = /npm run (?:-s )?([\w-]+)(?:\s+--\s+(.*))?/.exec(part);
  const script: unknown = Object.entries(manifest.scripts).find(([name]) => name === match?.[1])?.[1];
  if (match === null || typeof script !== 'string') return undefined;
  const call = /hzn-armor\.mjs (.*)$/.exec(script)?.[1];
  return call === undefined ? undefined : `${call} ${match[2] ?? ''}`;
}

/** What is wrong with a call; undefined when it names a command and options that exist. */
function wrongWith([name = '', ...words]: readonly string[]): string | undefined {
  // A placeholder, an option of the program itself, or the middle of a sentence.
  if (!/^[a-z][a-z-]*$/.test(name)) return undefined;
  const command = defined.get(name);
  if (command === undefined) return name === 'help' ? undefined : `there is no command ${name}`;
  const first = words[0] ?? '';
  let chosen: readonly Command[] = [command];
  if (command.commands.length > 0 && /^[a-z|]+$/.test(first)) {
    const names = first.split('|');
    const missing = names.find((each) => command.commands.every((child) => child.name() !== each));
    if (missing !== undefined) return `${name} has no ${missing}`;
    chosen = command.commands.filter((child) => names.includes(child.name()));
  }
  const options = chosen.flatMap((each) => each.options.flatMap(({ long, short }) => [long, short]));
  const unknown = words.find((word) => /^--?[a-z]/.test(word) && ![...options, '--help'].includes(word.split('=')[0]));
  return unknown === undefined ? undefined : `${name} has no option ${unknown}`;
}

test('every call of hzn-armor in the docs names a command and options that exist', (t) => {
  const wrong: string[] = [];
  let checked = 0;
  for (const { path, text } of pages()) {
    const { prose, fences } = split(text);
    const lines = [...fences.flatMap(typedLines), ...codeSpans(prose)];
    for (const call of lines.flatMap(callsIn)) {
      checked += 1;
      const problem = wrongWith(call);
      if (problem !== undefined) wrong.push(`${path}: hzn-armor ${call.join(' ')}: ${problem}`);
    }
  }
  t.true(checked > 150, `${checked} calls found`);
  t.deepEqual(wrong, []);
});

test('every npm script that the docs name exists', (t) => {
  const named = pages().flatMap(({ path, text }) =>
    [...text.matchAll(/npm run (?:-s )?([a-z]+)/g)].map((match) => `${path}: ${match[1]}`),
  );
  t.true(named.length > 10);
  t.deepEqual(
    named.filter((each) => !Object.hasOwn(manifest.scripts, each.split(': ')[1] ?? '')),
    [],
  );
});

test('summaries and descriptions are sentences', (t) => {
  const children = [...defined].flatMap(([name, command]) =>
    command.commands.map((child) => ({ what: `${name} ${child.name()}`, text: child.description() })),
  );
  const texts = [
    ...commands.map(({ name, summary }) => ({ what: `summary of ${name}`, text: summary })),
    ...[...defined].map(([name, command]) => ({ what: name, text: command.description() })),
    ...children,
  ];
  t.deepEqual(
    texts.filter(({ text }) => !/^[A-Z].*\.$/.test(text)),
    [],
  );
});
