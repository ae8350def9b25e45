import { setTimeout as delay } from 'node:timers/promises';
import { duplicateKey, missingParent } from './answer.ts';
import { type Call, DELETED, type Handler, idOf } from './call.ts';
import type { MessageKey } from './messages.ts';
import type { KeyRecord } from './records.ts';
import type { Route } from './router.ts';
import type { Store } from './store.ts';

/** What differs between the keys of a service and those of a pattern. */
interface KeyHolder {
  readonly kind: 'service' | 'pattern';
  readonly find: (
    store: Store,
    id: string,
  ) => { readonly public: boolean; readonly keys: Map<string, KeyRecord> } | undefined;
  readonly table: readonly [table: string, foreignKey: string, column: string, parents: string, primaryKey: string];
  readonly says: Readonly<Record<'holderMissing' | 'notPut' | 'missing' | 'noneFound', MessageKey>>;
}

const SERVICE_KEYS: KeyHolder = {
  kind: 'service',
  find: (store, id) => store.services.get(id),
  table: ['servicekeys', 'service_fk', 'serviceid', 'services', 'pk_svck'],
  says: {
    holderMissing: 'service.not.found',
    notPut: 'service.key.not.inserted.or.updated',
    missing: 'service.key.not.found',
    noneFound: 'no.service.keys.found',
  },
};

const PATTERN_KEYS: KeyHolder = {
  kind: 'pattern',
  find: (store, id) => store.patterns.get(id),
  table: ['patternkeys', 'pattern_fk', 'patternid', 'patterns', 'pk_ptk'],
  says: {
    holderMissing: 'pattern.id.not.found',
    notPut: 'pattern.key.not.inserted.or.updated',
    missing: 'pattern.key.not.found',
    noneFound: 'no.pattern.keys.found',
  },
};

/**
 * How long an upsert of a key takes between looking and inserting, and how many the database lets run at a time. Of those
 * that look before the first has inserted all others fail with 500, as 9 of 32 did
 * (captures/hub/exchange-concurrency.json).
 */
const UPSERT_GAP_MS = 5;
const DATABASE_CONNECTIONS = 10;
const upserts = new WeakMap<Map<string, KeyRecord>, number>();

/** Public keys of services and patterns: any text under any name, an upsert, given back as plain text. */
export const KEY_ROUTES: readonly Route[] = [
  ...routesOf(SERVICE_KEYS, ['/orgs/:org/services/:service/keys']),
  ...routesOf(PATTERN_KEYS, ['/orgs/:org/patterns/:pattern/keys', '/orgs/:org/deployment/patterns/:pattern/keys']),
];

function routesOf(holder: KeyHolder, paths: readonly string[]): Route[] {
  return [
    { paths, methods: { DELETE: deleteKeys(holder), GET: listKeys(holder) } },
    {
      paths: paths.map((path) => `${path}/:key`),
      methods: { DELETE: deleteKey(holder), PUT: putKey(holder), GET: getKey(holder) },
    },
  ];
}

function listKeys(holder: KeyHolder): Handler {
  return (call) => {
    const id = authorized(call, holder, 'READ');
    const names = [...(holder.find(call.hub.store, id)?.keys.keys() ?? [])];
    return { status: names.length === 0 ? 404 : 200, json: names };
  };
}

function getKey(holder: KeyHolder): Handler {
  return (call) => {
    const id = authorized(call, holder, 'READ');
    const key = holder.find(call.hub.store, id)?.keys.get(call.param('key'));
    return key === undefined ? { status: 404, text: '' } : { status: 200, text: key.key };
  };
}

function putKey(holder: KeyHolder): Handler {
  return async (call) => {
    const id = authorized(call, holder, 'WRITE');
    const name = call.param('key');
    const text = call.rawBody();
    const [table, foreignKey, column, parents, primaryKey] = holder.table;
    const refuse = (cause: string): Error => call.refusal(500, 'internal_error', holder.says.notPut, name, id, cause);
    const known = holder.find(call.hub.store, id);
    if (known === undefined) throw refuse(missingParent(table, foreignKey, column, id, parents));
    while (upsertsOf(known.keys) >= DATABASE_CONNECTIONS) await delay(UPSERT_GAP_MS);
    if (!known.keys.has(name)) {
      upserts.set(known.keys, upsertsOf(known.keys) + 1);
      await delay(UPSERT_GAP_MS);
      upserts.set(known.keys, upsertsOf(known.keys) - 1);
      if (known.keys.has(name)) throw refuse(duplicateKey(primaryKey, `keyid, ${column}`, `${name}, ${id}`));
    }
    known.keys.set(name, { key: text, lastUpdated: call.hub.clock.instant() });
    logKeys(call, holder, 'created/modified', known.public);
    return call.done('key.added.or.updated');
  };
}

function upsertsOf(keys: Map<string, KeyRecord>): number {
  return upserts.get(keys) ?? 0;
}

function deleteKey(holder: KeyHolder): Handler {
  return (call) => {
    const id = authorized(call, holder, 'WRITE');
    const known = holder.find(call.hub.store, id);
    if (known === undefined) throw call.refusal(404, 'not-found', holder.says.holderMissing, id);
    if (!known.keys.delete(call.param('key'))) {
      throw call.refusal(404, 'not-found', holder.says.missing, call.param('key'), id);
    }
    logKeys(call, holder, 'deleted', known.public);
    return DELETED;
  };
}

function deleteKeys(holder: KeyHolder): Handler {
  return (call) => {
    const id = authorized(call, holder, 'WRITE');
    const known = holder.find(call.hub.store, id);
    if (known === undefined) throw call.refusal(404, 'not-found', holder.says.holderMissing, id);
    if (known.keys.size === 0) throw call.refusal(404, 'not-found', holder.says.noneFound, id);
    known.keys.clear();
    logKeys(call, holder, 'deleted', known.public);
    return DELETED;
  };
}

function authorized(call: Call, holder: KeyHolder, access: 'READ' | 'WRITE'): string {
  const id = idOf(call, holder.kind);
  call.authorize(call.target(holder.kind, id), access);
  return id;
}

function logKeys(call: Call, { kind }: KeyHolder, operation: 'created/modified' | 'deleted', isPublic: boolean): void {
  call.logChange({
    orgId: call.param('org'),
    id: call.param(kind),
    category: kind,
    public: isPublic,
    resource: `${kind}keys`,
    operation,
  });
}
