import test from 'ava';
import type { HeldPayload, RejectReason } from '#agent/sources/held.ts';
import { judgeEnvelope } from '#agent/sources/judge.ts';
import { signEnvelope } from '#policy/envelope.ts';
import type { PolicyPayload } from '#policy/payload.ts';
import { blockWrites, newPublisher, payload } from '../payloads.ts';

const publisher = newPublisher();
const stranger = newPublisher();

function judge(text: string, held: readonly PolicyPayload[] = []): ReturnType<typeof judgeEnvelope> {
  const known = held.map((each): [string, HeldPayload] => [
    each.id,
    { payload: each, keyId: publisher.keyId, envelope: '', objectIds: [], acceptedAtMs: 0, idleMs: 0 },
  ]);
  return judgeEnvelope(text, {
    objectId: 'object',
    pinned: new Set([publisher.keyId]),
    held: new Map(known),
    check: ({ policies }) => (policies.length > 3 ? { reason: 'over-budget', message: 'too many' } : undefined),
    nowMs: 42,
  });
}

const sign = (content: PolicyPayload, by = publisher): string => signEnvelope(content, by.privateKey);
const web = payload(publisher, 'web', { seq: 5 });

test('an envelope of a pinned key is taken', (t) => {
  const verdict = judge(sign(web));
  t.is(verdict.kind, 'accepted');
  if (verdict.kind === 'accepted') t.deepEqual(verdict.held.payload, web);
});

test('the same envelope again is known, and a higher seq replaces it', (t) => {
  t.is(judge(sign(web), [web]).kind, 'known');
  t.is(judge(sign({ ...web, seq: 6, policies: [] }), [web]).kind, 'accepted');
});

const refused = test.macro({
  exec(t, reason: RejectReason, text: () => string, held: readonly PolicyPayload[] = []) {
    const verdict = judge(text(), held);
    t.is(verdict.kind, 'rejected');
    if (verdict.kind === 'rejected') t.is(verdict.reason, reason, verdict.message);
  },
  title: (what) => `an object is refused: ${what}`,
});

test('signed by a stranger', refused, 'not-signed-by-a-pinned-key', () => sign(payload(stranger, 'web'), stranger));
test('an id that belongs to another key', refused, 'id-of-another-key', () =>
  sign({ ...web, id: payload(stranger, 'web').id }),
);
test('an older seq (replay)', refused, 'replayed', () => sign({ ...web, seq: 4 }), [web]);
test('a replay of what was withdrawn since', refused, 'replayed', () => sign(web), [{ ...web, seq: 6, policies: [] }]);
test(
  'one seq, two contents',
  refused,
  'same-seq-other-content',
  () => sign({ ...web, policies: [blockWrites('other')] }),
  [web],
);
test('not an envelope at all', refused, 'unreadable', () => 'policies: []');
test('more than the budget', refused, 'over-budget', () =>
  sign({ ...web, policies: ['a', 'b', 'c', 'd'].map((name) => blockWrites(name)) }),
);
test('changed after it was signed', refused, 'unreadable', () => {
  const envelope = JSON.parse(sign(web));
  return JSON.stringify({ ...envelope, payload: Buffer.from(JSON.stringify({ ...web, seq: 7 })).toString('base64') });
});
