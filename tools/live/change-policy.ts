import { resolve } from 'node:path';
import { ArmorError, ArmorErrors } from '#errors';
import { seqOf } from '#tools/bundle/object-metadata.ts';
import type { CommandContext } from '#tools/command.ts';
import { countSteps, isSettled } from '#tools/hub/step.ts';
import { planText, type ReportedStep, reportStep } from '#tools/output-steps.ts';
import { unixSeconds } from '#tools/signing/clock.ts';
import { attachLive } from './attach-live.ts';
import { type CarriedPolicy, isWithdrawn, readCarried } from './carried.ts';
import { makeChange, planChange } from './change-live.ts';
import { liveOptions, type UpdateOptions } from './commands/change-options.ts';
import { COMMAND_LINE, type LiveSource, readLive } from './live-file.ts';
import { rememberChange } from './live-history.ts';
import { liveContent, liveId, liveObjects } from './live-objects.ts';
import { agentsAmong, containersOfService, type LiveSession, readContainers, requireSigner } from './live-session.ts';

/** What `policy add --json` and `policy update --json` print. */
export interface ChangeReport {
  readonly id: string;
  readonly seq: number;
  readonly dryRun: boolean;
  readonly steps: readonly ReportedStep[];
  readonly warnings: readonly string[];
  readonly requests: { readonly reads: number; readonly writes: number };
}

/**
 * Adds or updates a live policy.
 *
 * @throws ArmorError, ArmorErrors: of the source, of the hub, HUB_CONFLICT when somebody else changed it
 */
export async function changePolicy(
  kind: 'add' | 'update',
  name: string,
  options: UpdateOptions,
  { cwd, env, stdout }: CommandContext,
  session: LiveSession,
): Promise<ChangeReport> {
  const signer = requireSigner(session);
  const { hub, css, keyIds, variables } = session;
  const id = liveId(name, signer.keyId);
  const source = await readLive(cwd, liveOptions(options), variables);
  const { service } = source.value;
  const org = service?.org ?? hub.org;
  const [carried, own, others] = await Promise.all([
    readCarried(css, keyIds),
    readContainers(session, hub.org),
    org === hub.org ? undefined : readContainers(session, org),
  ]);
  const containers =
    service === undefined
      ? undefined
      : containersOfService(others ?? own, service.name, { org, own: others === undefined });
  const before = carried.find((each) => each.id === id);
  refuse(kind, name, before, options.ifSeq);
  const { attached, warnings } = await saidWhere(source, () =>
    attachLive(name, source, hub.org, {
      catalogue: resolve(cwd, options.bundle),
      variables,
      ...(containers !== undefined && { containers }),
    }),
  );
  const content = liveContent(id, source.value, attached, hub.org);
  const signing = { signer, org: hub.org, unixSeconds: unixSeconds(env) };
  const plan = await planChange(content, liveObjects(content, source, hub.org, agentsAmong(own)), signing, before);
  if (options.json !== true) stdout.write(planText(plan.steps));
  const dryRun = options.dryRun === true;
  const made = dryRun ? plan : await makeChange(plan, session, signing);
  const lost =
    dryRun || isSettled(made.steps) ? undefined : await rememberChange(css, hub, id, made.envelope, options.note);
  if (!dryRun && options.json !== true && !isSettled(made.steps)) stdout.write(done(countSteps(made.steps), id));
  return {
    id,
    seq: seqOf(made.envelope),
    dryRun,
    steps: made.steps.map(reportStep),
    warnings: [...warnings, ...(lost === undefined ? [] : [lost])],
    requests: hub.traffic.requests,
  };
}

/** What is wrong with the short form has no line: it stands on the command line. */
async function saidWhere<T>({ file }: LiveSource, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (file !== COMMAND_LINE || !(error instanceof ArmorErrors)) throw error;
    const [first, ...rest] = error.errors.map(({ code, message, where, fix }) =>
      'file' in where && where.file === COMMAND_LINE
        ? new ArmorError(code, message, { request: COMMAND_LINE }, fix)
        : new ArmorError(code, message, where, fix),
    );
    throw first === undefined ? error : new ArmorErrors([first, ...rest]);
  }
}

function refuse(
  kind: 'add' | 'update',
  name: string,
  before: CarriedPolicy | undefined,
  ifSeq: number | undefined,
): void {
  const inForce = before?.payload !== undefined && !isWithdrawn(before);
  if (kind === 'add' && inForce) {
    const fix = `hzn-armor policy show ${name} shows it; policy update replaces it.`;
    throw new ArmorError('HUB_CONFLICT', 'there is such a live policy', { request: before.id }, fix);
  }
  if (kind === 'update' && !inForce) {
    const fix = 'hzn-armor policy list shows what there is; policy add makes a new one.';
    throw new ArmorError('USAGE', `there is no live policy "${name}" of this key`, { request: 'policy update' }, fix);
  }
  const seq = before?.payload?.seq;
  if (ifSeq !== undefined && seq !== ifSeq) {
    const fix = 'Look at it with hzn-armor policy show, and decide anew.';
    throw new ArmorError('HUB_CONFLICT', `it has seq ${seq}, not ${ifSeq}`, { request: before?.id ?? name }, fix);
  }
}

function done({ created, updated, deleted }: ReturnType<typeof countSteps>, id: string): string {
  return `${created} created, ${updated} updated, ${deleted} ended; hzn-armor policy status ${id} shows where it is\n`;
}
