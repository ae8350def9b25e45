import { styleText } from 'node:util';
import { table } from '#tools/table.ts';

/** Where the demo speaks: acts with a title, lines below, marks that say whether what was promised happened. */
export interface Stage {
  act(title: string): void;
  say(text: string): void;
  table(head: readonly string[], rows: readonly (readonly string[])[]): void;
  /** States something that was checked; a demo in which one fails ends with status 1. */
  check(what: string, holds: boolean): void;
  readonly failures: number;
}

/** A stage that writes to a stream, in colour where that is a terminal. */
export function createStage(out: NodeJS.WritableStream & { readonly isTTY?: boolean }): Stage {
  let acts = 0;
  let failures = 0;
  const paint = (format: Parameters<typeof styleText>[0], text: string): string =>
    out.isTTY === true ? styleText(format, text) : text;
  const indent = (text: string): string => text.trimEnd().replace(/^/gm, '   ');
  return {
    act(title) {
      acts += 1;
      out.write(`\n${paint('bold', `${acts}. ${title}`)}\n`);
    },
    say: (text) => void out.write(`${indent(text)}\n`),
    table: (head, rows) => void out.write(`${indent(table(head, rows))}\n`),
    check(what, holds) {
      if (!holds) failures += 1;
      out.write(`   ${holds ? paint('green', '✔') : paint('red', '✘')} ${what}\n`);
    },
    get failures() {
      return failures;
    },
  };
}
