/**
 * `npm start`: the whole of horizon-armor on one machine, against simulators that speak the real protocols. No hub, no
 * Docker, no root; nothing is left behind. Ends with status 1 when something did not happen as it should.
 */
import { fileURLToPath } from 'node:url';
import { loadCatalogue } from '#tools/catalogue/load-catalogue.ts';
import { attackEverything } from './acts/attacking.ts';
import { crashWorkload, forgeObject, loseHub, restartKubeArmor } from './acts/failing.ts';
import { leave } from './acts/leaving.ts';
import { startProtection } from './acts/protecting.ts';
import { publishAgain, publishBundle, takeNodeIn } from './acts/publishing.ts';
import { addCatalogueLab } from './scenarios/catalogue-lab.ts';
import { openDesk } from './slice/start-slice.ts';
import { createStage } from './stage.ts';

const begun = performance.now();
const stage = createStage(process.stdout);
const closing: (() => Promise<void>)[] = [];
try {
  const desk = await openDesk();
  closing.unshift(() => desk.close());
  const catalogue = await loadCatalogue(fileURLToPath(new URL('..', import.meta.url)));
  const play = { stage, desk, lab: await addCatalogueLab(desk.bundleDir, catalogue) };
  await publishBundle(play);
  const withNode = await takeNodeIn(play);
  closing.unshift(() => withNode.node.close());
  const protectedPlay = await startProtection(withNode);
  const { protection } = protectedPlay;
  closing.unshift(() => protection.close());
  await attackEverything(protectedPlay);
  await publishAgain(withNode, () => protection.agent.pollNow());
  await crashWorkload(protectedPlay);
  await restartKubeArmor(protectedPlay);
  await forgeObject(protectedPlay);
  await loseHub(protectedPlay);
  await leave(protectedPlay);
} finally {
  for (const close of closing) await close();
}
const seconds = ((performance.now() - begun) / 1000).toFixed(1);
stage.say('');
stage.say(
  `${stage.failures === 0 ? 'All of it happened as it should' : `${stage.failures} things did not happen as they should`}, in ${seconds} s. Nothing is left behind.`,
);
process.exitCode = stage.failures === 0 ? 0 : 1;
