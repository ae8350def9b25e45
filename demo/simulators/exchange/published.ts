import { duplicateKey, missingOrg } from './answer.ts';
import { type Call, DELETED, type Handler, idOf } from './call.ts';
import { compositeId } from './composite-id.ts';
import { NullAccess } from './defects.ts';
import type { Published, PublishedKind } from './published-kinds.ts';

/** What the Exchange does alike with services, patterns, deployment and management policies. */

/** The id that the path names, once the caller may do this with it. */
export function authorizedId<R extends Published>(
  call: Call,
  { kind, segment }: PublishedKind<R>,
  access: 'READ' | 'WRITE' | 'CREATE',
): string {
  const id = idOf(call, segment);
  call.authorize(call.target(kind, id), access);
  return id;
}

/** The org that the path names, once the caller may list what is in it. */
export function authorizedOrg<R extends Published>(call: Call, { kind }: PublishedKind<R>): string {
  const organization = call.param('org');
  call.authorize({ kind, id: compositeId(organization, '*') }, 'READ');
  return organization;
}

/** 403 for an owner who has more than the limit: one more than it is let through. */
export function demandRoom<R extends Published>(call: Call, published: PublishedKind<R>, owner: string): void {
  const limit = call.hub.limits[published.limit];
  const owned = published
    .records(call.hub.store)
    .values()
    .filter((record) => record.owner === owner);
  if (limit !== 0 && owned.toArray().length > limit) {
    throw call.refusal(403, 'access-denied', published.says.tooMany, limit);
  }
}

/** What the database says against a new one: there is one already, or no such org. */
export function demandNew<R extends Published>(
  call: Call,
  { table, records, says }: PublishedKind<R>,
  id: string,
): void {
  const [name, primaryKey, column] = table;
  const { store } = call.hub;
  const organization = call.param('org');
  if (records(store).has(id)) {
    throw call.refusal(403, 'already-exists', says.exists, id, duplicateKey(primaryKey, column, id));
  }
  if (!store.orgs.has(organization)) {
    throw call.refusal(500, 'internal_error', says.notCreated, id, missingOrg(name, organization));
  }
}

/** The one that is stored under this id; 404. */
export function demandStored<R extends Published>(call: Call, { records, says }: PublishedKind<R>, id: string): R {
  const record = records(call.hub.store).get(id);
  if (record === undefined) throw call.refusal(404, 'not-found', says.missing, id);
  return record;
}

/** What DELETE does. */
export function deletePublished<R extends Published>(published: PublishedKind<R>): Handler {
  return (call) => {
    const id = authorizedId(call, published, 'WRITE');
    const record = demandStored(call, published, id);
    const { store, ownership } = call.hub;
    published.remove(store, id);
    ownership.remove(published.kind, id);
    logPublished(call, published, id, 'deleted', record.public);
    return DELETED;
  };
}

/** A line in the log of changes. */
export function logPublished<R extends Published>(
  call: Call,
  { change, loggedAs }: PublishedKind<R>,
  id: string,
  operation: 'created' | 'created/modified' | 'modified' | 'deleted',
  isPublic = false,
): void {
  const about = { orgId: call.param('org'), id: loggedAs(call, id), public: isPublic };
  call.logChange({ ...about, category: change, resource: change, operation });
}

/** `?attribute=` of one; names in lower case. What the real one does not know makes it trip. */
export function demandAttribute(name: string, known: readonly string[]): string {
  if (known.includes(name.toLowerCase())) return name.toLowerCase();
  throw new NullAccess('Cannot invoke "slick.lifted.Rep.toNode()" because "value" is null');
}

/** The attribute that a PATCH changes: the first of `names` that its body gives. */
export function firstGiven<N extends string>(body: object, names: readonly N[]): readonly [N, unknown] | undefined {
  const values: Readonly<Record<string, unknown>> = { ...body };
  const name = names.find((known) => values[known] !== null && values[known] !== undefined);
  return name === undefined ? undefined : [name, values[name]];
}
