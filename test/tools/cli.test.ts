import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import test from 'ava';

const CLI = new URL('../../tools/cli.ts', import.meta.url).pathname;

test('a reader that has seen enough is no error', async (t) => {
  const script = `"${process.execPath}" "${CLI}" template list | true; exit \${PIPESTATUS[0]}`;
  const { stderr } = await promisify(execFile)('bash', ['-c', script]);
  t.is(stderr, '');
});
