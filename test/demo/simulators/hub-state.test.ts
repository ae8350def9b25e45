import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { DEFAULT_HUB_STATE, readHubState } from '#demo/simulators/hub-state.ts';
import { ArmorError } from '#errors';

const folder = mkdtempSync(join(tmpdir(), 'hub-state-'));
test.after.always(() => rmSync(folder, { recursive: true }));

function fileWith(content: unknown): string {
  const file = join(folder, `${Math.random()}.json`);
  writeFileSync(file, typeof content === 'string' ? content : JSON.stringify(content));
  return file;
}

test('a start state is read as it is, without what does not belong to it', (t) => {
  t.deepEqual(readHubState(fileWith({ ...DEFAULT_HUB_STATE, note: 'x' })), DEFAULT_HUB_STATE);
  const agbots = [{ id: 'IBM/agbot', token: 't' }];
  t.deepEqual(readHubState(fileWith({ ...DEFAULT_HUB_STATE, agbots })), { ...DEFAULT_HUB_STATE, agbots });
});

test('a file that is not there is SOURCE_MISSING', (t) => {
  t.throws(() => readHubState(join(folder, 'nope')), { instanceOf: ArmorError, code: 'SOURCE_MISSING' });
});

for (const [what, content] of [
  ['no JSON', '{'],
  ['no object', 'null'],
  ['no password', { ...DEFAULT_HUB_STATE, password: '' }],
  ['orgs that are no texts', { ...DEFAULT_HUB_STATE, orgs: [1] }],
  ['no users', { ...DEFAULT_HUB_STATE, users: [] }],
  ['a user without an org', { ...DEFAULT_HUB_STATE, users: [{ id: 'admin' }] }],
  ['a node without a token', { ...DEFAULT_HUB_STATE, nodes: [{ id: 'acme/n' }] }],
  ['an agbot without a token', { ...DEFAULT_HUB_STATE, agbots: [{ id: 'acme/a' }] }],
] as const) {
  test(`${what} is SOURCE_INVALID`, (t) => {
    t.throws(() => readHubState(fileWith(content)), { instanceOf: ArmorError, code: 'SOURCE_INVALID' });
  });
}
