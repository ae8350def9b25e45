import { type Shell, $ as zx } from 'zx/core';

/**
 * zx's `$` for programs that run to their end: arguments need no quoting, stdin is empty, nothing is shown on the
 * terminal, and an exit status other than 0 rejects with what the program wrote to stderr. A program that is to get
 * signals is spawned without it: a shell stands between.
 */
export const $: Shell = zx({ quiet: true, stdio: ['ignore', 'pipe', 'pipe'] });

/** What zx keeps of one run, in the chunks that arrived. */
interface Store {
  readonly stdout: Buffer[];
  readonly stderr: Buffer[];
  readonly stdall: Buffer[];
}

/** A `store` for one run of `$` that is read as bytes; zx decodes chunk by chunk, which breaks what spans two. */
export function keepBytes(): { readonly store: Store; readonly stdout: () => Buffer } {
  const store: Store = { stdout: [], stderr: [], stdall: [] };
  return { store, stdout: () => Buffer.concat(store.stdout) };
}
