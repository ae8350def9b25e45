import { ArmorError } from '#errors';
import type { CommandContext } from '#tools/command.ts';
import { confirm } from '#tools/confirm.ts';
import { applySteps } from '#tools/hub/apply.ts';
import { type Delivery, isDelivered, readDeliveries, waitForDelivery } from '#tools/hub/delivery.ts';
import type { Step } from '#tools/hub/step.ts';
import { signWithdrawals } from '#tools/hub/withdrawals.ts';
import { planText, type ReportedStep, reportStep } from '#tools/output-steps.ts';
import { unixSeconds } from '#tools/signing/clock.ts';
import { type CarriedPolicy, findCarried, isWithdrawn, readCarried } from './carried.ts';
import { carriersOf, stillCarried } from './carriers.ts';
import { refuseChanged, refuseUndone } from './change-live.ts';
import { rememberChange, removeHistory } from './live-history.ts';
import { type LiveSession, requireSigner } from './live-session.ts';
import { highestForm } from './present-form.ts';

/** What `policy delete --json` prints. */
export interface DeleteReport {
  readonly id: string;
  readonly dryRun: boolean;
  readonly steps: readonly ReportedStep[];
  /** Where a policy of the same name holds again, or still: `root-certificates: deployment.ha.0a1b2c3d4e5f`. */
  readonly stillCarried: readonly string[];
  readonly deliveries: readonly Delivery[];
  readonly purged: boolean;
  readonly warnings: readonly string[];
}

export interface DeleteOptions {
  readonly wait?: true | number;
  readonly purge?: boolean;
  readonly force?: boolean;
  readonly yes?: boolean;
  readonly note?: string;
  readonly dryRun?: boolean;
  readonly json?: boolean;
}

const DEFAULT_WAIT_SECONDS = 300;

/**
 * undefined: the user said no.
 *
 * @throws ArmorError USAGE for what is attached, naming its source; HUB_CONFLICT when somebody else changed it
 */
export async function deletePolicy(
  name: string,
  options: DeleteOptions,
  context: CommandContext,
  session: LiveSession,
): Promise<DeleteReport | undefined> {
  const { css, hub, keyIds } = session;
  const all = await readCarried(css, keyIds);
  const carried = target(all, name);
  const signer = requireSigner(session);
  if (carried.trust !== 'trusted' || carried.payload === undefined) throw notOurs(carried);
  const { objects, id } = carried;
  const highest = highestForm(objects, id, keyIds);
  const steps =
    isWithdrawn(carried) || highest === undefined
      ? []
      : await signWithdrawals(
          [{ payload: carried.payload, envelope: highest.envelope, objects, file: id }],
          signer,
          unixSeconds(context.env),
        );
  if (options.json !== true) context.stdout.write(planText(steps));
  const report: DeleteReport = {
    id,
    dryRun: options.dryRun === true,
    steps: steps.map(reportStep),
    stillCarried: stillCarried(carried, all),
    deliveries: [],
    purged: false,
    warnings: [],
  };
  if (options.dryRun === true) return report;
  if (options.yes !== true && !(await confirm(context, `End ${id}?`))) return undefined;
  await refuseChanged(css, carried, keyIds);
  await applySteps(steps, hub, { keyIds, signal: context.signal });
  if (steps.length > 0) await refuseUndone(css, carried, keyIds);
  const lost = await rememberWithdrawal(steps, session, id, options.note);
  const deliveries = await deliver(
    objects.map(({ metadata }) => metadata.objectID),
    options,
    context,
    session,
  );
  const purged = options.purge === true && (await purge(id, deliveries, options.force === true, session));
  return { ...report, deliveries, purged, warnings: lost === undefined ? [] : [lost] };
}

/** A live policy; whatever else carries the name is said to, and where it comes from. */
function target(all: readonly CarriedPolicy[], name: string): CarriedPolicy {
  const live = all.some((each) => each.layer === 'live' && (each.name === name || each.id === name));
  const carriers = live
    ? []
    : all.filter((each) => each.layer !== 'live' && (each.name === name || carriersOf([each], name).length > 0));
  if (carriers.length === 0) {
    const carried = findCarried(all, name);
    if (carried.layer === 'live') return carried;
    carriers.push(carried);
  }
  const list = carriers
    .map(({ id, layer, name: point }) => sourced(id === name ? undefined : id, `${SOURCE[layer]}/${point}.yaml`))
    .join(', ');
  throw new ArmorError(
    'USAGE',
    `${name} is attached, not live: it is carried by ${list}`,
    { request: 'policy delete' },
    'Remove it from securityPolicies there and run hzn-armor publish; a live policy of the same name overrides it at once.',
  );
}

const sourced = (id: string | undefined, file: string): string => (id === undefined ? file : `${id} (${file})`);

const SOURCE: Readonly<Record<CarriedPolicy['layer'], string>> = {
  node: 'node-policies',
  deployment: 'deployment-policies',
  live: 'live',
};

async function rememberWithdrawal(
  steps: readonly Step[],
  session: LiveSession,
  id: string,
  note: string | undefined,
): Promise<string | undefined> {
  const [step] = steps;
  return step?.action === 'withdraw'
    ? rememberChange(session.css, session.hub, id, step.resource.envelope, note)
    : undefined;
}

async function deliver(
  objectIds: readonly string[],
  { wait, purge: purging }: DeleteOptions,
  { signal }: CommandContext,
  { css }: LiveSession,
): Promise<Delivery[]> {
  if (wait === undefined && purging !== true) return readDeliveries(css, objectIds);
  const limit = wait === true ? DEFAULT_WAIT_SECONDS : (wait ?? 0);
  return waitForDelivery(css, objectIds, { timeoutMs: limit * 1000, signal });
}

async function purge(
  id: string,
  deliveries: readonly Delivery[],
  force: boolean,
  { css, hub, keyIds }: LiveSession,
): Promise<boolean> {
  const late = deliveries.filter((delivery) => !isDelivered(delivery)).flatMap(({ waiting }) => waiting);
  if (late.length > 0 && !force) {
    throw new ArmorError(
      'NODE_UNREACHABLE',
      `not purged: ${[...new Set(late)].join(', ')} has not got the withdrawal, and would keep the policy`,
      { request: id },
      'The withdrawal stands. Run it again when those nodes are back, with --wait, or with --force if they never will be.',
    );
  }
  const steps = deliveries.map(
    ({ objectId }): Step => ({
      action: 'delete',
      resource: { kind: 'security-policy', id: objectId, file: objectId, needs: [] },
    }),
  );
  await applySteps(steps, hub, { keyIds });
  await removeHistory(css, id);
  return true;
}

function notOurs({ id, trust, keyId }: CarriedPolicy): ArmorError {
  const why = trust === 'invalid' ? 'carries no signature that could be right' : `is signed by ${keyId?.slice(0, 12)}`;
  return new ArmorError(
    'KEY_UNUSABLE',
    `${id} ${why}: nodes take a withdrawal from its own key only`,
    { request: id },
    'Run it where HZN_PRIVATE_KEY_FILE names that key.',
  );
}
