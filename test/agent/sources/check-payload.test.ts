import test from 'ava';
import { checkPayload } from '#agent/sources/check-payload.ts';
import type { RejectReason } from '#agent/sources/held.ts';
import type { SecurityPolicy } from '#policy/types.ts';
import { blockWrites, payload } from '../payloads.ts';

const publisher = { keyId: 'a'.repeat(64) };
const host: SecurityPolicy = { ...blockWrites('boot'), kind: 'KubeArmorHostPolicy' };

test('good payloads pass, with and without selectors', (t) => {
  t.is(checkPayload(payload(publisher, 'web')), undefined);
  t.is(checkPayload(payload(publisher, 'edge', { layer: 'node', policies: [blockWrites('certs'), host] })), undefined);
  t.is(checkPayload(payload(publisher, 'web', { policies: [] })), undefined);
});

const refused = test.macro({
  exec(t, reason: RejectReason, message: RegExp, policies: readonly SecurityPolicy[]) {
    const problem = checkPayload(payload(publisher, 'web', { policies }));
    t.is(problem?.reason, reason);
    t.regex(problem?.message ?? '', message);
  },
  title: (what) => `a payload is refused: ${what}`,
});

const paths = (count: number): SecurityPolicy => ({
  ...blockWrites('bomb'),
  spec: {
    file: { matchPaths: [...Array(count).keys()].map((index) => ({ path: `/opt/file${index}` })) },
    action: 'Block',
  },
});
test('a policy bomb, with the budget it breaks', refused, 'over-budget', /10\d{3} entries.*holds 256/, [paths(10_000)]);
test(
  'more policies than anybody attaches',
  refused,
  'over-budget',
  /201 policies; 200/,
  [...Array(201).keys()].map((index) => blockWrites(`p${index}`)),
);
test('two policies of one name', refused, 'invalid-policy', /two policies are called one/, [
  blockWrites('one'),
  blockWrites('one'),
]);
test('a directory without its slash', refused, 'invalid-policy', /one: spec\.file\.matchDirectories\.0\.dir/, [
  blockWrites('one', '/etc'),
]);
