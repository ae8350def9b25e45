import type { AgentEvent, Finding } from '#agent/events/agent-event.ts';
import { runArmor } from '#demo/slice/run-armor.ts';
import { type Desk, protect } from '#demo/slice/start-slice.ts';
import { waitUntil, waitUntilAsync } from '#demo/wait-until.ts';
import type { FleetStatus } from '#tools/fleet/fleet-status.ts';
import type { NodePlay, ProtectedPlay } from './play.ts';

/** KubeArmor, the proxy and the agent start; the policies arrive and hold. */
export async function startProtection(play: NodePlay): Promise<ProtectedPlay> {
  const { stage, desk, node } = play;
  stage.act('On the node: MMS delivers the signed policies, the agent makes KubeArmor enforce them');
  const findings: Finding[] = [];
  const remember = (event: AgentEvent): void => {
    if (event.kind === 'finding') findings.push(event);
  };
  const protection = await protect(desk, play, {
    log: remember,
    env: { ARMOR_HEAL_SETTLE_SECONDS: '1', ARMOR_REPORT_SECONDS: '1' },
  });
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
  await showFleet(play, workloads.length);
  return { ...play, protection, findings };
}

/** What the hub knows of the node: its own report, signed with its own key. */
async function showFleet({ stage, desk, node }: NodePlay, workloads: number): Promise<void> {
  const read = () => askFleet(desk);
  let fleet = await read();
  await waitUntilAsync('the node to report', async () => {
    await node.ess.sent();
    fleet = await read();
    return fleet.totals.enforced === workloads;
  });
  const [report] = fleet.nodes;
  stage.say(
    `hzn-armor fleet status: ${report?.node} ${report?.standing}, ${fleet.totals.enforced} of ${fleet.totals.workloads} workloads enforced, signed with the node's key ${report?.keyId?.slice(0, 12)}…`,
  );
}

async function askFleet(desk: Desk): Promise<FleetStatus> {
  const run = await runArmor(desk.place, 'fleet', 'status', '--json');
  return JSON.parse(run.stdout) as FleetStatus;
}

function count(workloads: readonly { protection: string }[], state: string): number {
  return workloads.filter(({ protection }) => protection === state).length;
}
