import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { askArmor } from '#demo/slice/run-armor.ts';
import { waitUntil } from '#demo/wait-until.ts';
import type { ProtectedPlay } from './play.ts';

/** Signed withdrawals end the policies, then everything goes. */
export async function leave(play: ProtectedPlay): Promise<void> {
  const { stage, desk, node, protection } = play;
  stage.act('The publisher repairs the object, withdraws every policy and removes the bundle');
  await askArmor(desk.place, 'publish', '--yes');
  await deliver(play);
  const unpublishing = askArmor(desk.place, 'unpublish', '--yes', '--wait', '--purge');
  let done = false;
  void unpublishing.finally(() => {
    done = true;
  });
  while (!done) await deliver(play);
  const report = (await unpublishing) as Record<string, unknown>;
  stage.say(JSON.stringify(report));
  await waitUntil('the policies to be gone from KubeArmor', () => protection.agent.view.policies().length === 0);
  await protection.agent.pollNow();
  const files = await readdir(join(desk.dir, `${node.facts.id}-policies`));
  stage.check('KubeArmor holds no policy any more, and has no file of one', files.length === 0);
  const plan = (await askArmor(desk.place, 'plan')) as { steps?: readonly { action: string }[] };
  const left = plan.steps?.filter(({ action }) => action !== 'create').length ?? -1;
  stage.check('nothing of the bundle is left on the hub', left === 0);
  await deliver(play);
  stage.check(
    'the node has no agreement and no container left',
    node.agreements.length === 0 && node.containers.length === 0,
  );
}

/** One round of agbot, node and agent. */
async function deliver({ desk, node, protection }: ProtectedPlay): Promise<void> {
  await desk.hub.agbot.tick();
  await node.tick();
  await protection.agent.pollNow();
}
