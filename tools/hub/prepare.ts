import type { KnownSignatures, Publishable } from '#tools/bundle/types.ts';
import { signPublishable } from '#tools/signing/sign-publishable.ts';
import { adoptSignatures } from './adopt-signatures.ts';
import { findLeftovers } from './leftovers.ts';
import type { Loaded } from './load-publishable.ts';
import type { Hub } from './open-hub.ts';
import { planPublish } from './plan.ts';
import { readSnapshot } from './read-snapshot.ts';
import { resourcesOf } from './resources.ts';
import { selectResources } from './select-resources.ts';
import { type HubSnapshot, knownFromSnapshot } from './snapshot.ts';
import type { Notice, Step } from './step.ts';
import { signWithdrawals } from './withdrawals.ts';

export interface PrepareOptions {
  readonly unixSeconds: number;
  /** Kinds or names; empty: everything. */
  readonly only?: readonly string[];
  readonly prune?: boolean;
  readonly takeOver?: boolean;
  readonly onSigning?: (done: number, total: number) => void;
}

/** A publish, thought through and not yet begun. */
export interface Prepared {
  readonly steps: readonly Step[];
  readonly notices: readonly Notice[];
  readonly publishable: Publishable;
  readonly snapshot: HubSnapshot;
}

/**
 * Reads the hub, signs what it does not know yet, and plans. Writes nothing.
 *
 * @throws ArmorError, ArmorErrors of the hub, the key or the bundle
 */
export async function preparePublish(
  { publishable: loaded, signer, from, keyIds, built }: Loaded,
  hub: Hub,
  options: PrepareOptions,
): Promise<Prepared> {
  const snapshot = await readSnapshot(hub, loaded, keyIds);
  const known = await withBuilt(knownFromSnapshot(snapshot, keyIds), loaded, built);
  const { unixSeconds, only = [], prune = false, takeOver = false, onSigning } = options;
  const publishable =
    from === 'sources' && signer !== undefined
      ? await signPublishable(loaded, signer, known, { unixSeconds, ...(onSigning && { onProgress: onSigning }) })
      : adoptSignatures(loaded, known);
  const selected = selectResources(resourcesOf(publishable), only);
  const steps = planPublish(selected, snapshot, { keyIds, takeOver });
  const leftovers = findLeftovers(publishable, snapshot, { keyIds, prune });
  const endings: Step[] = leftovers.remove.map((resource) => ({ action: 'delete', resource }));
  const notices = [...leftovers.notices];
  if (signer !== undefined) endings.push(...(await signWithdrawals(leftovers.withdraw, signer, unixSeconds)));
  else notices.push(...leftovers.withdraw.map(({ payload }) => unsignable(payload.id)));
  return {
    steps: [...steps, ...(only.length === 0 ? endings : [])],
    notices: only.length === 0 ? notices : [],
    publishable,
    snapshot,
  };
}

/**
 * What the hub knows, and of services and patterns that it does not know what the last build signed. Envelopes are never
 * taken from there: their seq may be below that of a withdrawal that was purged, and nodes would refuse them.
 */
async function withBuilt(
  known: KnownSignatures,
  { services, patterns }: Publishable,
  built: Loaded['built'],
): Promise<KnownSignatures> {
  const isKnown =
    services.every(({ id, body }) => known.services.get(id)?.deployment === body.deployment) &&
    patterns.every(({ id }) => known.patterns.has(id));
  if (isKnown || built === undefined) return known;
  const before = await built();
  const unknown = services.filter(({ id, body }) => known.services.get(id)?.deployment !== body.deployment);
  const taken = unknown.flatMap(({ id }) => {
    const signed = before.services.get(id);
    return signed === undefined ? [] : [[id, signed] as const];
  });
  return {
    services: new Map([...known.services, ...taken]),
    patterns: new Map([...before.patterns, ...known.patterns]),
    envelopes: known.envelopes,
  };
}

function unsignable(id: string): Notice {
  return {
    about: id,
    message: 'this security policy has to be withdrawn, and the key that signed it is not here',
    fix: 'Publish from where HZN_PRIVATE_KEY_FILE names that key.',
  };
}
