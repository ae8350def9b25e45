import { Command, InvalidArgumentError } from 'commander';
import { ArmorError } from '#errors';
import type { CommandContext, ExitStatus } from '#tools/command.ts';
import { confirm } from '#tools/confirm.ts';
import { applySteps } from '#tools/hub/apply.ts';
import { carryOut } from '#tools/hub/carry-out.ts';
import { type Delivery, isDelivered, readDeliveries, waitForDelivery } from '#tools/hub/delivery.ts';
import { type BundleObjects, findWithdrawable } from '#tools/hub/find-withdrawable.ts';
import type { Loaded } from '#tools/hub/load-publishable.ts';
import { type Hub, requireCss } from '#tools/hub/open-hub.ts';
import { planUnpublish } from '#tools/hub/plan-unpublish.ts';
import { readRemovable } from '#tools/hub/read-snapshot.ts';
import { selectParts } from '#tools/hub/select-resources.ts';
import type { Notice, Step } from '#tools/hub/step.ts';
import { type HubCommandOptions, hubOptions, withHub } from '#tools/hub/with-hub.ts';
import { signWithdrawals } from '#tools/hub/withdrawals.ts';
import { noticeLine, planText } from '#tools/output-steps.ts';
import { unixSeconds } from '#tools/signing/clock.ts';

/** What `unpublish --json` prints. */
export interface UnpublishReport {
  readonly withdrawn: number;
  readonly deleted: number;
  /** Objects that --purge deleted. */
  readonly purged: number;
  readonly deliveries: readonly Delivery[];
  readonly kept: readonly Notice[];
  readonly requests: { readonly reads: number; readonly writes: number };
  readonly seconds: number;
}

interface Options extends HubCommandOptions {
  readonly wait?: true | number;
  readonly purge?: boolean;
  readonly force?: boolean;
  readonly yes?: boolean;
  readonly dryRun?: boolean;
}

const DEFAULT_WAIT_SECONDS = 300;

export function define(context: CommandContext, done: (status: ExitStatus) => void): Command {
  return hubOptions(
    new Command()
      .description(
        'Withdraw the security policies by signed envelopes, then remove deployment policies, patterns and services.',
      )
      .argument('[dist]', 'a dist directory or archive, instead of the sources')
      .option('--wait [seconds]', 'wait until every node has the withdrawals before removing anything (300)', seconds)
      .option('--purge', 'delete the withdrawn objects from MMS as well, once every node has them')
      .option('--force', 'remove also what belongs to somebody else or is still used')
      .option('--dry-run', 'show what would be removed, and write nothing')
      .option('-y, --yes', 'do not ask'),
  ).action(async (dist: string | undefined, options: Options) => {
    const result = await unpublish(context, dist, options);
    if (result === undefined) {
      context.stderr.write('nothing was written\n');
      return done(1);
    }
    for (const notice of result.kept) context.stderr.write(`note: ${noticeLine(notice)}\n`);
    context.stdout.write(options.json ? `${JSON.stringify(result)}\n` : summary(result));
    done(0);
  });
}

/** undefined: the user said no. */
export async function unpublish(
  context: CommandContext,
  dist: string | undefined,
  options: Options,
): Promise<UnpublishReport | undefined> {
  const begun = performance.now();
  return withHub(context, dist, options, async (loaded, hub) => {
    const plan = await prepare(loaded, hub, context, options);
    const { withdrawals, removals, objectIds, notices } = plan;
    const steps = [...withdrawals, ...removals];
    if (options.json !== true) context.stdout.write(planText(steps));
    const report = (deliveries: readonly Delivery[], purged: number, kept = notices): UnpublishReport => ({
      withdrawn: withdrawals.length,
      deleted: removals.length,
      purged,
      deliveries,
      kept,
      requests: hub.traffic.requests,
      seconds: Math.round(performance.now() - begun) / 1000,
    });
    if (options.dryRun === true) return report([], 0);
    if (steps.length > 0 && options.yes !== true && !(await confirm(context, 'Remove this from the hub?')))
      return undefined;
    const apply = (some: readonly Step[]): Promise<void> =>
      carryOut(some, context, (onDone) =>
        applySteps(some, hub, { keyIds: loaded.keyIds, signal: context.signal, onDone }),
      );
    await apply(withdrawals);
    const deliveries = await deliver(objectIds, hub, context, options);
    await apply(removals);
    if (options.purge !== true) return report(deliveries, 0);
    const { purges, kept } = planPurge(deliveries, loaded);
    await apply(purges);
    return report(deliveries, purges.length, [...notices, ...kept]);
  });
}

async function prepare(loaded: Loaded, hub: Hub, context: CommandContext, { only = [], force = false }: Options) {
  const publishable = selectParts(loaded.publishable, only);
  const { keyIds, signer } = loaded;
  const snapshot = await readRemovable(hub, publishable, keyIds);
  // --only may leave the security policies out: then they go on.
  const ends = only.length === 0 || publishable.objects.length > 0;
  const { withdraw, objectIds } = ends ? findWithdrawable(publishable, snapshot, keyIds) : NOTHING;
  if (withdraw.length > 0 && signer === undefined) throw noKey(withdraw.length);
  const withdrawals = signer === undefined ? [] : await signWithdrawals(withdraw, signer, unixSeconds(context.env));
  const publicPems = signer === undefined ? publishable.keys.map(({ pem }) => pem) : [signer.publicPem];
  const { steps: removals, notices } = planUnpublish(publishable, snapshot, { publicPems, user: hub.user, force });
  return { withdrawals, removals, objectIds, notices };
}

const NOTHING: BundleObjects = { withdraw: [], objectIds: [] };

/** Says how many nodes have the withdrawals; with --wait, goes on only when all have. */
async function deliver(
  objectIds: readonly string[],
  hub: Hub,
  { stderr, signal }: CommandContext,
  { wait, purge, json }: Options,
): Promise<Delivery[]> {
  if (objectIds.length === 0) return [];
  const css = requireCss(hub);
  // What is purged must be known to have arrived, also when nobody wants to wait for more.
  if (wait === undefined && purge === true) return waitForDelivery(css, objectIds, { timeoutMs: 0, signal });
  if (wait === undefined) return readDeliveries(css, objectIds);
  const limit = wait === true ? DEFAULT_WAIT_SECONDS : wait;
  let said = '';
  const deliveries = await waitForDelivery(css, objectIds, {
    timeoutMs: limit * 1000,
    signal,
    onLook: (looked) => {
      const text = deliveryText(looked);
      if (json !== true && text !== said) stderr.write(text);
      said = text;
    },
  });
  const late = deliveries.filter((delivery) => !isDelivered(delivery));
  if (late.length === 0) return deliveries;
  throw new ArmorError(
    'NODE_UNREACHABLE',
    `after ${limit} s these nodes do not have the withdrawals: ${[...new Set(late.flatMap(({ waiting }) => waiting))].join(', ')}`,
    { request: 'MMS destinations' },
    'The withdrawals stand and nothing else was removed. Bring the nodes online and run it again, or run it without --wait.',
  );
}

/** An object is deleted only when no node still needs it to learn that its policies have ended. */
function planPurge(deliveries: readonly Delivery[], { publishable }: Loaded): { purges: Step[]; kept: Notice[] } {
  const fileOf = new Map(publishable.objects.map(({ objectId, file }) => [objectId, file]));
  return {
    purges: deliveries.filter(isDelivered).map(({ objectId: id }) => ({
      action: 'delete',
      resource: { kind: 'security-policy', id, file: fileOf.get(id) ?? id, needs: [] },
    })),
    kept: deliveries
      .filter((delivery) => !isDelivered(delivery))
      .map(({ objectId, waiting }) => ({
        about: objectId,
        message: `not purged: ${waiting.join(', ')} has not got the withdrawal`,
        fix: 'Run unpublish --purge again when it has, or with --wait.',
      })),
  };
}

function summary({ withdrawn, deleted, purged, deliveries, requests, seconds: time }: UnpublishReport): string {
  return `${deliveryText(deliveries)}${withdrawn} withdrawn, ${deleted} removed, ${purged} purged; ${requests.reads} reads, ${requests.writes} writes, ${time.toFixed(2)} s\n`;
}

function deliveryText(deliveries: readonly Delivery[]): string {
  return deliveries
    .map(({ objectId, nodes, delivered, waiting }) => {
      if (nodes === 0) return `${objectId}: no node has it\n`;
      const rest = waiting.length === 0 ? '' : `; not yet: ${waiting.join(', ')}`;
      return `${objectId}: ${delivered} of ${nodes} nodes have the withdrawal${rest}\n`;
    })
    .join('');
}

function noKey(count: number): ArmorError {
  return new ArmorError(
    'KEY_UNUSABLE',
    `${count} security policies have to be withdrawn, and the key that signed them is not here`,
    { request: 'HZN_PRIVATE_KEY_FILE' },
    'Run it where HZN_PRIVATE_KEY_FILE names that key: nodes keep a policy until its own key withdraws it.',
  );
}

function seconds(text: string): number {
  const value = Number(text);
  if (Number.isFinite(value) && value >= 0) return value;
  throw new InvalidArgumentError('Give a number of seconds.');
}
