import type { Store } from './store.ts';

/** Owner and public flag of a thing, as the rights check sees them. */
export interface Ownership {
  readonly owner: string;
  readonly public: boolean;
}

export type OwnedKind = 'user' | 'node' | 'agbot' | 'service' | 'pattern' | 'business policy' | 'management policy';

/**
 * The cache in front of the rights check. The real one keeps an entry for 90 minutes: who may write a thing is decided by
 * who owned it when it was first looked at, until it is deleted, even when a PUT has changed the owner since
 * (reference/exchange-mms.md §A.2; captures "vis: ci PUTs after admin took it").
 */
export interface OwnershipCache {
  of(kind: OwnedKind, id: string): Ownership | undefined;
  put(kind: OwnedKind, id: string, ownership: Ownership): void;
  remove(kind: OwnedKind, id: string): void;
  clear(): void;
}

export function createOwnershipCache(store: Store): OwnershipCache {
  const entries = new Map<string, Ownership>();
  const look: Readonly<Record<OwnedKind, (id: string) => Ownership | undefined>> = {
    user: (id) => owned(store.users.get(id)?.uuid),
    node: (id) => owned(store.nodes.get(id)?.owner),
    agbot: (id) => owned(store.agbots.get(id)?.owner),
    service: (id) => owned(store.services.get(id)?.owner, store.services.get(id)?.public),
    pattern: (id) => owned(store.patterns.get(id)?.owner, store.patterns.get(id)?.public),
    'business policy': (id) => owned(store.deploymentPolicies.get(id)?.owner),
    'management policy': (id) => owned(store.managementPolicies.get(id)?.owner),
  };
  return {
    of(kind, id) {
      const key = `${kind} ${id}`;
      const known = entries.get(key) ?? look[kind](id);
      if (known !== undefined) entries.set(key, known);
      return known;
    },
    put: (kind, id, ownership) => void entries.set(`${kind} ${id}`, ownership),
    remove: (kind, id) => void entries.delete(`${kind} ${id}`),
    clear: () => entries.clear(),
  };
}

function owned(owner: string | undefined, isPublic = false): Ownership | undefined {
  return owner === undefined ? undefined : { owner, public: isPublic };
}
