import { generateKeyPairSync } from 'node:crypto';
import type { Protection } from '#demo/slice/start-slice.ts';
import { waitUntil, waitUntilAsync } from '#demo/wait-until.ts';
import { signEnvelope } from '#policy/envelope.ts';
import type { PolicyPayload } from '#policy/payload.ts';
import { dockerName, type ProtectedPlay } from './play.ts';

const WORKLOAD = 'homeassistant';

const stateOf = ({ agent }: Protection): { protection: string; reasons: readonly string[] } =>
  agent.view.workloads().find(({ container }) => container === WORKLOAD) ?? { protection: 'gone', reasons: [] };

const inWords = ({ protection, reasons }: ReturnType<typeof stateOf>): string =>
  `${WORKLOAD}: ${protection}${reasons.length > 0 ? ` (${reasons.join(', ')})` : ''}`;

/** Waits for a protection and says it; true when it came. */
async function becomes(play: ProtectedPlay, wanted: string): Promise<void> {
  await waitUntil(`${WORKLOAD} to be ${wanted}`, () => stateOf(play.protection).protection === wanted);
  play.stage.say(inWords(stateOf(play.protection)));
}

/** A crash: Docker restarts the container under the same id, and KubeArmor never notices. */
export async function crashWorkload(play: ProtectedPlay): Promise<void> {
  const { stage, protection, machine } = play;
  stage.act('Home Assistant crashes; Docker restarts it, and KubeArmor does not notice');
  machine.crash(dockerName(play, WORKLOAD), () => void machine.unshare(['/bin/sleep', '60']));
  await becomes(play, 'unprotected');
  await becomes(play, 'enforced');
  stage.check('the agent saw the hole and closed it with one restart', protection.proxy.restarts.length === 1);
  const workload = protection.agent.view.workloads().find(({ container }) => container === WORKLOAD);
  stage.say(
    `unprotected for ${workload?.gaps.at(-1) === undefined ? '?' : gapSeconds(workload.gaps)} s in all; the last start window was ${((workload?.startWindowSeconds ?? 0) * 1000).toFixed(0)} ms`,
  );
}

function gapSeconds(gaps: readonly { fromMs: number; toMs?: number }[]): string {
  const total = gaps.reduce((sum, { fromMs, toMs = Date.now() }) => sum + toMs - fromMs, 0);
  return (total / 1000).toFixed(1);
}

/** KubeArmor is killed and comes back: nothing holds in between, and the agent says so. */
export async function restartKubeArmor(play: ProtectedPlay): Promise<void> {
  const { stage, protection } = play;
  stage.act('KubeArmor is killed and started again');
  protection.killKubeArmor();
  await becomes(play, 'unprotected');
  await protection.restartKubeArmor({ initMs: 300 });
  await becomes(play, 'enforced');
  const policies = protection.agent.view.policies();
  stage.check(
    `all ${policies.length} policies were applied again in the new session`,
    policies.every(({ state }) => state === 'applied'),
  );
}

/** Somebody with a login at the hub writes a policy object of his own. */
export async function forgeObject(play: ProtectedPlay): Promise<void> {
  const { stage, protection, desk, node } = play;
  stage.act('A user of the organization overwrites the policy object with a forged withdrawal');
  const id =
    protection.agent.view
      .status()
      .attachments.find(({ layer, id: each }) => layer === 'deployment' && each.includes(WORKLOAD))?.id ?? '';
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const forged: PolicyPayload = {
    format: 1,
    id,
    layer: 'deployment',
    seq: 4_000_000_000,
    target: {
      org: desk.hub.access.org,
      service: WORKLOAD,
      container: WORKLOAD,
      arch: '*',
      versionRange: '[0.0.0,INFINITY)',
    },
    inherit: false,
    policies: [],
    catalogue: [],
  };
  const { org, user, password } = desk.hub.access;
  const meta = await desk.hub.css.ask({
    method: 'GET',
    path: `/api/v1/objects/${org}/security-policy/${id}`,
    auth: `${org}/${user}:${password}`,
  });
  const body = JSON.stringify({
    meta: metaOf(meta.body),
    data: Buffer.from(signEnvelope(forged, privateKey)).toString('base64'),
  });
  const put = await desk.hub.css.ask({
    method: 'PUT',
    path: `/api/v1/objects/${org}/security-policy/${id}`,
    auth: `${org}/${user}:${password}`,
    body,
  });
  stage.say(`MMS took it with ${put.status}: it cannot know whose policy it is`);
  const rejected = () => protection.agent.view.status().rejected.find(({ objectId }) => objectId === id);
  // MMS tells the node after its answer, so one look may come too early.
  await waitUntilAsync('the agent to look at it', async () => {
    await node.tick();
    await protection.agent.pollNow();
    return rejected() !== undefined;
  }).catch(() => undefined);
  const reason = rejected()?.reason;
  stage.check(`the agent did not: ${reason ?? 'it was not noticed'}`, reason === 'not-signed-by-a-pinned-key');
  stage.check(inWords(stateOf(protection)), stateOf(protection).protection === 'enforced');
}

function metaOf(text: string): Record<string, unknown> {
  const { objectID, objectType, destinationOrgID, destinationPolicy, consumers, version, description } =
    JSON.parse(text);
  return { objectID, objectType, destinationOrgID, destinationPolicy, consumers, version, description };
}

/** The hub goes away; the node does not care. */
export async function loseHub(play: ProtectedPlay): Promise<void> {
  const { stage, protection, node } = play;
  stage.act('The hub cannot be reached, and the agent is restarted meanwhile');
  node.disconnect();
  await node.stopAgent();
  await protection.restartAgent();
  await becomes(play, 'enforced');
  const { problems } = protection.agent.view.health();
  stage.check('the policies hold from the copy on the node’s disk', stateOf(protection).protection === 'enforced');
  stage.say(problems.join('\n') || 'no problems');
  await node.startAgent();
  node.reconnect();
  await node.tick();
}
