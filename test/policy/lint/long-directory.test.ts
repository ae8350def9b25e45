import test from 'ava';
import fc from 'fast-check';
import { lintPolicy } from '#policy/lint/index.ts';

function advice(dir: string): string | undefined {
  const policy = {
    apiVersion: 'security.kubearmor.com/v1',
    kind: 'KubeArmorPolicy',
    metadata: { name: 'long' },
    spec: { selector: { matchLabels: { a: 'b' } }, file: { matchDirectories: [{ dir }] }, action: 'Block' },
  };
  return lintPolicy(policy, { enforcer: 'bpf' }).find(({ rule }) => rule === 'KA205')?.fix;
}

const ABOVE = '/usr/local/lib/python3.12/site-packages/homeassistant/';

test('a directory that is too long is answered with the longest one above it that fits', (t) => {
  t.is(advice(`${ABOVE}components/`), `Name ${ABOVE}.`);
  t.is(advice(`${ABOVE}components!`), `Name ${ABOVE}.`);
  t.is(advice(ABOVE), undefined);
});

test('where only / fits, or nothing, no directory is named', (t) => {
  for (const dir of [`/${'x'.repeat(80)}/`, `/${'x'.repeat(80)}`, 'x'.repeat(80), `${'a.'.repeat(3000)}/b`])
    t.regex(advice(dir) ?? '', /^No directory above it/);
});

test('what is named fits, and lies above', (t) => {
  const name = fc.stringMatching(/^[a-zé.]{1,40}$/);
  t.notThrows(() =>
    fc.assert(
      fc.property(fc.array(name, { minLength: 1, maxLength: 8 }), fc.constantFrom('', '/'), (names, end) => {
        const dir = `/${names.join('/')}${end}`;
        const named = /^Name (\/.*\/)\.$/.exec(advice(dir) ?? '')?.[1];
        return named === undefined || (Buffer.byteLength(named) <= 64 && dir.startsWith(named) && named !== dir);
      }),
    ),
  );
});
