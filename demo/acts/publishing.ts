import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { LAB } from '#demo/scenarios/catalogue-lab.ts';
import { askArmor } from '#demo/slice/run-armor.ts';
import { registerNode } from '#demo/slice/start-slice.ts';
import type { NodePlay, Play } from './play.ts';

interface Report {
  readonly created: number;
  readonly updated: number;
  readonly unchanged: number;
  readonly deleted: number;
  readonly requests: { readonly reads: number; readonly writes: number };
  readonly seconds: number;
}

const publish = async ({ desk }: Play): Promise<Report> => (await askArmor(desk.place, 'publish', '--yes')) as Report;

const inWords = ({ created, updated, unchanged, deleted, requests, seconds }: Report): string =>
  `${created} created, ${updated} updated, ${unchanged} unchanged, ${deleted} deleted: ${requests.reads} reads, ${requests.writes} writes in ${seconds.toFixed(2)} s`;

/** A hub, a key, the bundle: built, signed, published. */
export async function publishBundle(play: Play): Promise<void> {
  const { stage, desk, lab } = play;
  const { exchangeUrl, cssUrl, org } = desk.hub.access;
  stage.act('A publisher signs the bundle and publishes it');
  stage.say(`simulated hub: Exchange ${exchangeUrl}, MMS ${cssUrl}, organization ${org}`);
  const { keyId } = (await askArmor(desk.place, 'keys', 'show')) as { keyId: string };
  stage.say(`signing key ${keyId.slice(0, 12)}… was made for this demo`);
  stage.say(
    `the bundle, and for this demo a workload with ${lab.length} containers, one for each template of the hardening catalogue`,
  );
  const report = await publish(play);
  stage.say(inWords(report));
  stage.check(
    'everything the bundle defines is on the hub',
    report.created > 0 && report.updated + report.deleted === 0,
  );
}

/** A node registers with the bundle's node policy; agreements form, and its objects reach it. */
export async function takeNodeIn(play: Play): Promise<NodePlay> {
  const { stage, desk } = play;
  stage.act('A node registers with node-policies/edge-device, and agreements form');
  const { node, machine } = await registerNode(desk);
  for (let round = 0; round < 3; round += 1) {
    await desk.hub.agbot.tick();
    await node.tick();
  }
  stage.table(
    ['AGREEMENT', 'SERVICE', 'CONTAINERS'],
    node.agreements.map(({ id, service, containers }) => {
      const names = containers.map(({ serviceContainer }) => serviceContainer);
      const shown = names.length > 4 ? `${names.slice(0, 3).join(', ')} … ${names.length} in all` : names.join(', ');
      return [`${id.slice(0, 12)}…`, `${service.url} ${service.version}`, shown];
    }),
  );
  const urls = new Set(node.agreements.map(({ service }) => service.url));
  stage.check(
    'Home Assistant, KubeArmor and the lab have their agreements',
    ['homeassistant', 'kubearmor', LAB].every((url) => urls.has(url)),
  );
  return { ...play, node, machine };
}

/** Nothing changed: nothing is written. One attachment changed: one object is written, and no container restarts. */
export async function publishAgain(play: NodePlay, received: () => Promise<void>): Promise<void> {
  const { stage, desk, node } = play;
  stage.act('Publishing again writes nothing; a changed attachment is one object, and no workload restarts');
  const again = await publish(play);
  stage.say(inWords(again));
  stage.check('a second publish writes nothing', again.requests.writes === 0);
  const file = join(desk.bundleDir, 'deployment-policies/homeassistant.yaml');
  const before = await readFile(file, 'utf8');
  await writeFile(file, before.replace('      action: Audit', '      action: Block'));
  stage.say('deployment-policies/homeassistant.yaml: file-integrity from action: Audit to action: Block');
  const runs = node.containers.map(({ id, incarnation }) => `${id} ${incarnation}`).join();
  const changed = await publish(play);
  stage.say(inWords(changed));
  // The node-policy placement and the pattern's copy of the one attachment.
  stage.check(
    'only that attachment is written (its object, and the copy for nodes of the pattern)',
    changed.updated === 2 && changed.created === 0,
  );
  await desk.hub.agbot.tick();
  await node.tick();
  await received();
  stage.check(
    'the policy on the node changed, and every container is the one it was',
    runs === node.containers.map(({ id, incarnation }) => `${id} ${incarnation}`).join(),
  );
}
