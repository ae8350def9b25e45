import type { AgentEvent, Finding } from '#agent/events/agent-event.ts';
import { protect } from '#demo/slice/start-slice.ts';
import { waitUntil } from '#demo/wait-until.ts';
import type { NodePlay, ProtectedPlay } from './play.ts';

/** KubeArmor, the proxy and the agent start; the policies arrive and hold. */
export async function startProtection(play: NodePlay): Promise<ProtectedPlay> {
  const { stage, desk, node } = play;
  stage.act('On the node: MMS delivers the signed policies, the agent makes KubeArmor enforce them');
  const findings: Finding[] = [];
  const remember = (event: AgentEvent): void => {
    if (event.kind === 'finding') findings.push(event);
  };
  const protection = await protect(desk, play, { log: remember, env: { ARMOR_HEAL_SETTLE_SECONDS: '1' } });
  const { view } = protection.agent;
  await waitUntil('every workload to be protected', () => {
    const workloads = view.workloads();
    return workloads.length > 0 && workloads.every(({ protection: state }) => state !== 'unprotected');
  });
  const { attachments } = view.status();
  stage.table(
    ['OBJECT IN THE NODE’S ESS', 'LAYER', 'STATE', 'POLICIES'],
    attachments.map(({ id, layer, state }) => [
      id,
      layer,
      state,
      String(new Set(view.policies().flatMap(({ payloadId, name }) => (payloadId === id ? [name] : []))).size),
    ]),
  );
  const shown = view.policies().filter(({ subject }) => subject === 'homeassistant' || subject === 'host');
  stage.table(
    ['WORKLOAD', 'POLICY', 'LAYER', 'INSTEAD OF', 'STATE'],
    shown.map(({ subject, name, layer, overrides, state }) => [
      subject,
      name,
      layer,
      overrides.map((each) => each.layer).join(', ') || '-',
      state,
    ]),
  );
  const workloads = view.workloads();
  stage.say(
    `${workloads.length} workloads: ${count(workloads, 'enforced')} enforced, ${count(workloads, 'audit-only')} audit only, ${count(workloads, 'unprotected')} unprotected`,
  );
  stage.check(
    'Home Assistant is enforced, and every other workload is what its policies can make of it',
    workloads.some(({ container, protection: state }) => container === 'homeassistant' && state === 'enforced'),
  );
  const destinations = await desk.hub.css.ask({
    method: 'GET',
    path: `/api/v1/objects/${desk.hub.access.org}/security-policy/${attachments[0]?.id}/destinations`,
    auth: `${desk.hub.access.org}/${desk.hub.access.user}:${desk.hub.access.password}`,
  });
  stage.check(
    `the hub says that ${node.id} has it`,
    destinations.status === 200 && destinations.body.includes(node.facts.id),
  );
  return { ...play, protection, findings };
}

function count(workloads: readonly { protection: string }[], state: string): number {
  return workloads.filter(({ protection }) => protection === state).length;
}
