import test from 'ava';
import { startAgent } from '#agent/agent.ts';
import { waitUntil } from '#demo/wait-until.ts';
import { deletePolicy } from './delete-policy.ts';
import { startSlice } from './slice-fixture.ts';

test.serial(
  'a policy attached to a deployment blocks, and the event comes back with its source and its tags',
  async (t) => {
    const slice = await startSlice(t);
    await slice.becomes('enforced');
    t.true(slice.isBlocked());
    await waitUntil('the finding', () => slice.findings().length > 0);
    const [finding] = slice.findings();
    t.like(finding, {
      outcome: 'blocked',
      policy: 'root-certificates',
      layer: 'deployment',
      target: '/etc/ssl/certs/evil-1.pem',
      merged: 2,
    });
    t.is(finding?.workload?.service, 'homeassistant');
    t.true(finding?.compliance.some(({ id }) => id === 'T1553.004'));
  },
);

test.serial('KubeArmor down at the start: unprotected until it is there', async (t) => {
  const slice = await startSlice(t, { kubearmor: { initMs: 1500 } });
  t.is(slice.workload()?.protection ?? 'unprotected', 'unprotected');
  t.false(slice.isBlocked());
  await slice.becomes('enforced');
  t.true(slice.isBlocked());
});

for (const [what, options] of [
  ['with its policy directory', {}],
  ['without its policy directory', { policyDirectory: undefined }],
] as const) {
  test.serial(`KubeArmor killed and started again ${what}: everything is applied again`, async (t) => {
    const slice = await startSlice(t);
    await slice.becomes('enforced');
    slice.protection.killKubeArmor();
    await slice.becomes('unprotected');
    t.false(slice.isBlocked());
    await slice.protection.restartKubeArmor(options);
    await slice.becomes('enforced');
    t.true(slice.isBlocked());
    const outage = slice.workload()?.gaps.at(-1);
    t.true(outage?.reasons.includes('kubearmor-unreachable'));
    t.true((outage?.toMs ?? 0) > (outage?.fromMs ?? 0));
  });
}

test.serial('a policy that somebody deletes in KubeArmor comes back', async (t) => {
  const slice = await startSlice(t);
  await slice.becomes('enforced');
  // The first container of a label policy joins the policy's own endpoint, which KubeArmor's listing does not tell apart;
  // after a restart of KubeArmor the container has an endpoint of its own (kubearmor.md §3.3).
  slice.protection.killKubeArmor();
  await slice.becomes('unprotected');
  await slice.protection.restartKubeArmor();
  await slice.becomes('enforced');
  const mine = slice.protection.agent.view
    .policies()
    .find(({ name, subject }) => name === 'root-certificates' && subject === 'homeassistant');
  if (mine === undefined) return t.fail('the policy is not there');
  await deletePolicy(slice.protection.kubearmor().address, mine.policy);
  t.false(slice.isBlocked());
  await slice.protection.agent.pollNow();
  t.true(slice.isBlocked());
});

test.serial('a crash loop is not healed into, and is not called protected', async (t) => {
  const slice = await startSlice(t);
  await slice.becomes('enforced');
  for (let crash = 0; crash < 4; crash += 1)
    slice.machine.crash(slice.name, () => void slice.machine.unshare(['/bin/sleep', '60']));
  await slice.becomes('unprotected');
  await new Promise((resolve) => setTimeout(resolve, 2500));
  t.deepEqual(slice.protection.proxy.restarts, []);
  t.deepEqual(slice.workload()?.reasons, ['crashed-and-restarted']);
  t.is(slice.workload()?.crashes, 4);
});

test.serial('heal: report says so and restarts nothing', async (t) => {
  const slice = await startSlice(t, { env: { ARMOR_HEAL: 'report' } });
  await slice.becomes('enforced');
  slice.machine.crash(slice.name, () => void slice.machine.unshare(['/bin/sleep', '60']));
  await waitUntil('the report', () =>
    slice.events.some((event) => event.kind === 'notice' && event.notice === 'heal-reported'),
  );
  t.deepEqual(slice.protection.proxy.restarts, []);
  t.is(slice.workload()?.protection, 'unprotected');
});

test.serial('a node that stops matching keeps its policies, shown as vanished', async (t) => {
  const slice = await startSlice(t);
  await slice.becomes('enforced');
  const { org } = slice.desk.hub.access;
  const id = slice.protection.agent.view.status().attachments.find(({ layer }) => layer === 'deployment')?.id ?? '';
  await slice.desk.hub.css.ask({
    method: 'DELETE',
    path: `/api/v1/objects/${org}/security-policy/${id}`,
    auth: `${org}/${slice.desk.hub.access.user}:${slice.desk.hub.access.password}`,
  });
  await slice.deliver();
  await slice.deliver();
  const attachment = slice.protection.agent.view.status().attachments.find((each) => each.id === id);
  t.is(attachment?.state, 'vanished');
  t.is(slice.workload()?.protection, 'enforced');
  t.true(slice.isBlocked());
});

test.serial('a second agent on the same volume refuses, and says why', async (t) => {
  const slice = await startSlice(t);
  await slice.becomes('enforced');
  await t.throwsAsync(startAgent({ ...slice.protection.settings, apiPort: 0 }), {
    name: 'ArmorError',
    message: /another security agent/,
  });
  t.is(slice.workload()?.protection, 'enforced');
});
