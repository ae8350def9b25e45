import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { applySteps, openRecord, type PolicyCalls, type PolicyStatus } from '#agent/reconcile/apply.ts';
import { openStore } from '#agent/sources/store.ts';
import type { SecurityPolicy } from '#policy/types.ts';
import { blockWrites } from '../payloads.ts';

async function folder(t: ExecutionContext): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'armor-record-'));
  t.teardown(() => rm(directory, { recursive: true }));
  return directory;
}

/** A record that must be writable. */
const recordIn = async (directory: string) =>
  openRecord(await openStore(directory), (error) => {
    throw error;
  });

/** Answers in the given order, and remembers the calls. */
function answering(...answers: PolicyStatus[]): PolicyCalls & { readonly calls: string[] } {
  const calls: string[] = [];
  const next = (call: string) => async (policy: SecurityPolicy) => {
    calls.push(`${call} ${policy.metadata.name}`);
    const answer = answers.shift();
    if (answer === undefined) throw new Error('KubeArmor is gone');
    return answer;
  };
  return { calls, add: next('add'), remove: next('remove') };
}

const desired = { name: 'a', policy: blockWrites('a') };
const apply = { kind: 'apply', desired, why: 'new' } as const;
const remove = { kind: 'delete', applied: desired, why: 'withdrawn' } as const;

test('what KubeArmor applied is on disk for the next start, which has another session', async (t) => {
  const directory = await folder(t);
  const record = await recordIn(directory);
  t.deepEqual(await applySteps([apply], 's1', answering('Applied'), record), [
    { kind: 'applied', name: 'a', why: 'new' },
  ]);
  const reopened = await recordIn(directory);
  t.deepEqual(reopened.policies.get('a'), desired);
});

test('a call that does not get through leaves a record without a session', async (t) => {
  const directory = await folder(t);
  const record = await recordIn(directory);
  await t.throwsAsync(applySteps([apply], 's1', answering(), record));
  t.deepEqual((await recordIn(directory)).policies.get('a'), desired);
});

test('an answer other than Applied is not taken for success', async (t) => {
  const record = await recordIn(await folder(t));
  t.deepEqual(await applySteps([apply], 's1', answering('Invalid'), record), [
    { kind: 'rejected', name: 'a', status: 'Invalid' },
  ]);
  t.is(record.policies.get('a')?.session, undefined);
});

test('NotExist is cured by adding and deleting again (kubearmor.md §0)', async (t) => {
  const directory = await folder(t);
  const record = await recordIn(directory);
  await applySteps([apply], 's1', answering('Applied'), record);
  const kubearmor = answering('NotExist', 'Applied', 'Deleted');
  t.deepEqual(await applySteps([remove], 's1', kubearmor, record), [{ kind: 'deleted', name: 'a', why: 'withdrawn' }]);
  t.deepEqual(kubearmor.calls, ['remove a', 'add a', 'remove a']);
  t.deepEqual(await readdir(directory), []);
});

test('what could not be deleted stays recorded', async (t) => {
  const record = await recordIn(await folder(t));
  await applySteps([apply], 's1', answering('Applied'), record);
  const outcomes = await applySteps([remove], 's1', answering('Invalid'), record);
  t.deepEqual(outcomes, [{ kind: 'not-deleted', name: 'a', status: 'Invalid' }]);
  t.true(record.policies.has('a'));
});

test('a broken record file is set aside and the rest is read', async (t) => {
  const directory = await folder(t);
  await applySteps([apply], 's1', answering('Applied'), await recordIn(directory));
  await writeFile(join(directory, 'b.json'), '{"name":"b","pol');
  t.deepEqual([...(await recordIn(directory)).policies.keys()], ['a']);
  t.true((await readdir(directory)).includes('b.json.corrupt'));
});

test('a disk that is full keeps no policy from being applied', async (t) => {
  const directory = await folder(t);
  const complaints: unknown[] = [];
  const full = { ...(await openStore(directory)), save: () => Promise.reject(new Error('ENOSPC')) };
  const record = await openRecord(full, (error) => complaints.push(error));
  t.deepEqual(await applySteps([apply], 's1', answering('Applied'), record), [
    { kind: 'applied', name: 'a', why: 'new' },
  ]);
  t.is(record.policies.get('a')?.session, 's1');
  t.is(complaints.length, 2);
});
