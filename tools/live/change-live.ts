import { setTimeout as delay } from 'node:timers/promises';
import { ArmorError } from '#errors';
import type { PolicyContent } from '#policy/payload.ts';
import type { PolicyObject } from '#tools/bundle/types.ts';
import { applySteps } from '#tools/hub/apply.ts';
import type { Css } from '#tools/hub/css.ts';
import { planPublish } from '#tools/hub/plan.ts';
import type { HubSnapshot, StoredObject } from '#tools/hub/snapshot.ts';
import { ownPayload } from '#tools/hub/snapshot.ts';
import { isSettled, type Step } from '#tools/hub/step.ts';
import { signWithdrawals } from '#tools/hub/withdrawals.ts';
import { saysTheSame, signContent } from '#tools/signing/sign-content.ts';
import type { Signer } from '#tools/signing/signer.ts';
import { type CarriedPolicy, readOne } from './carried.ts';
import { liveResources } from './live-objects.ts';
import type { LiveSession } from './live-session.ts';
import { highestForm, presentForm, type StoredForm } from './present-form.ts';

/** A change of a live policy, thought through and not yet made. */
export interface LivePlan {
  readonly content: PolicyContent;
  readonly objects: readonly PolicyObject[];
  readonly envelope: string;
  readonly steps: readonly Step[];
  /** What the hub had when it was planned. */
  readonly before?: CarriedPolicy;
}

/** Who signs, for which org, at which time. */
export interface Signing {
  readonly signer: Signer;
  readonly org: string;
  readonly unixSeconds: number;
}

/** After this long another editor's write, begun at the same moment, has shown itself. */
const SETTLE_MS = 300;
/** How often a write is planned anew because somebody else raised the seq of the same content. */
const ATTEMPTS = 3;

/**
 * What would be written: the content signed with a higher seq than anything of this id, or the envelope that already says
 * it. A copy for a pattern that is no longer meant is withdrawn: nodes keep what merely vanished (design §7.1).
 */
export async function planChange(
  content: PolicyContent,
  objects: readonly PolicyObject[],
  { signer, org, unixSeconds }: Signing,
  before: CarriedPolicy | undefined,
): Promise<LivePlan> {
  const stored = before?.objects ?? [];
  const keyIds = new Set([signer.keyId]);
  const highest = highestForm(stored, content.id, keyIds);
  const known = objects.every(({ objectId }) => isCarried(content, objectId, stored, keyIds)) ? before : highest;
  const envelope = await signContent(content, signer, known?.envelope, unixSeconds);
  const wanted = new Set(objects.map(({ objectId }) => objectId));
  const dropped = stored.filter(
    ({ metadata, envelope: text }) =>
      !wanted.has(metadata.objectID) && ownPayload(text, content.id, keyIds)?.policies.length !== 0,
  );
  const withdrawals =
    highest === undefined || dropped.length === 0
      ? []
      : await signWithdrawals([{ ...highest, objects: dropped, file: content.id }], signer, unixSeconds);
  const resources = liveResources(objects, envelope, org);
  const steps = planPublish(resources, snapshotOf(stored), { keyIds });
  return { content, objects, envelope, steps: [...steps, ...withdrawals], ...(before && { before }) };
}

/** Whether an object says this already. */
function isCarried(
  content: PolicyContent,
  objectId: string,
  stored: readonly StoredObject[],
  keyIds: ReadonlySet<string>,
): boolean {
  const object = stored.find(({ metadata }) => metadata.objectID === objectId);
  const payload = ownPayload(object?.envelope, content.id, keyIds);
  return payload !== undefined && saysTheSame(content, payload);
}

/**
 * Makes a change, together with other editors: looks again right before writing and refuses when the content has changed
 * since it was planned; writes and reads back; looks once more for a write that was begun at the same moment. A mere
 * rise of the seq (somebody published the same) is planned anew.
 *
 * @returns the plan that was carried out
 * @throws ArmorError HUB_CONFLICT, naming the seq of the other change
 */
export async function makeChange(plan: LivePlan, session: LiveSession, signing: Signing): Promise<LivePlan> {
  const { css, hub, keyIds } = session;
  const ids = [...new Set([...plan.objects.map(({ objectId }) => objectId), ...idsOf(plan.before?.objects ?? [])])];
  let current = plan;
  for (let attempt = 1; ; attempt += 1) {
    const now = await readOne(css, ids);
    const present = presentForm(now, plan.content.id, keyIds);
    if (present?.envelope === trustedEnvelope(current.before)) break;
    if (present === undefined || attempt > ATTEMPTS || !sameContent(present, current))
      throw changedMeanwhile(plan, present);
    current = await planChange(plan.content, plan.objects, signing, asCarried(plan.content, present, now));
  }
  if (isSettled(current.steps)) return current;
  await applySteps(current.steps, hub, { keyIds });
  await delay(SETTLE_MS);
  const after = presentForm(await readOne(css, ids), plan.content.id, keyIds);
  if (after !== undefined && after.envelope !== current.envelope && !saysTheSame(plan.content, after.payload))
    throw overwritten(plan.content.id, after);
  return current;
}

/**
 * Looks again before a withdrawal.
 *
 * @throws ArmorError HUB_CONFLICT when what is to end is no longer what it was
 */
export async function refuseChanged(
  css: Css,
  { id, envelope, objects }: CarriedPolicy,
  keyIds: ReadonlySet<string>,
): Promise<void> {
  const now = presentForm(await readOne(css, idsOf(objects)), id, keyIds);
  if (now?.envelope !== envelope) throw conflict(id, 'another publisher changed it meanwhile');
}

/**
 * Looks once more after a withdrawal, for a change that was begun at the same moment and overtook it.
 *
 * @throws ArmorError HUB_CONFLICT when the policy is in force again
 */
export async function refuseUndone(
  css: Css,
  { id, objects }: CarriedPolicy,
  keyIds: ReadonlySet<string>,
): Promise<void> {
  await delay(SETTLE_MS);
  const now = presentForm(await readOne(css, idsOf(objects)), id, keyIds);
  if (now !== undefined && now.payload.policies.length > 0) throw overwritten(id, now);
}

/** What somebody else put under the id, unsigned or wrongly signed, is nothing that a change could build on. */
function trustedEnvelope(before: CarriedPolicy | undefined): string | undefined {
  return before?.trust === 'trusted' ? before.envelope : undefined;
}

/** Whether what is there now says what was there when the change was planned, or what the change wants. */
function sameContent(now: StoredForm, { before, content }: LivePlan): boolean {
  if (saysTheSame(content, now.payload)) return true;
  if (before?.payload === undefined) return false;
  const { seq: _, ...was } = before.payload;
  return saysTheSame(was, now.payload);
}

function asCarried(
  { id, layer }: PolicyContent,
  { payload, envelope }: StoredForm,
  objects: readonly StoredObject[],
): CarriedPolicy {
  return { id, layer, name: id, trust: 'trusted', payload, envelope, objects };
}

function changedMeanwhile({ content, before }: LivePlan, now: StoredForm | undefined): ArmorError {
  const was = before?.payload === undefined ? 'nothing' : `seq ${before.payload.seq}`;
  const is = now === undefined ? 'it is gone' : `it is seq ${now.seq}`;
  return conflict(
    content.id,
    `another publisher changed it meanwhile: it was ${was} when this change began, and now ${is}`,
  );
}

function overwritten(id: string, { seq }: StoredForm): ArmorError {
  return conflict(id, `another publisher wrote it at the same moment, and theirs (seq ${seq}) is what the hub has`);
}

function conflict(id: string, message: string): ArmorError {
  const fix = 'Look at it with hzn-armor policy show, agree on whose it shall be, and try again.';
  return new ArmorError('HUB_CONFLICT', message, { request: id }, fix);
}

function idsOf(objects: readonly StoredObject[]): string[] {
  return objects.map(({ metadata }) => metadata.objectID);
}

function snapshotOf(objects: readonly StoredObject[]): HubSnapshot {
  const none = new Map<string, never>();
  return {
    exchangeVersion: '',
    services: none,
    patterns: none,
    deploymentPolicies: none,
    servicePolicies: none,
    keys: none,
    objects: new Map(objects.map((object) => [object.metadata.objectID, object])),
  };
}
