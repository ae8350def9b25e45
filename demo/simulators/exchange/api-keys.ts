import { randomBytes, randomUUID } from 'node:crypto';
import { type Answer, Refusal } from './answer.ts';
import { optional, record, text } from './body-shape.ts';
import { type Call, DELETED, idOf } from './call.ts';
import { isHubAdmin, isOrgAdmin, isStandardUser } from './identity.ts';
import type { UserRecord } from './records.ts';
import type { Route } from './router.ts';
import { isVisible } from './users.ts';

/** API keys of a user: the value is shown once, and logs in as `org/apikey` (reference/exchange-mms.md §A.6). */
export const API_KEY_ROUTES: readonly Route[] = [
  { paths: ['/orgs/:org/users/:user/apikeys'], methods: { POST: createKey } },
  { paths: ['/orgs/:org/users/:user/apikeys/:key'], methods: { GET: getKey, DELETE: deleteKey } },
];

const body = record('org.openhorizon.exchangeapi.route.user.apikey.PostApiKeyRequest', {
  description: optional(text),
  label: optional(text),
});

const UUID = /^[0-9a-f]{1,8}(-[0-9a-f]{1,4}){3}-[0-9a-f]{1,12}$/i;

function createKey(call: Call): Answer {
  const id = idOf(call, 'user');
  call.authorize(call.target('user', id), 'WRITE');
  const given = call.nullableBody(body);
  const user = findUser(call, id);
  if (!isVisible(call.identity, user)) throw call.refusal(404, 'not-found', 'user.not.found', id);
  if (given === null) throw call.refusal(500, 'internal_error', 'apikey.creation.failed');
  const { description, label } = given;
  const key = {
    id: randomUUID(),
    value: randomBytes(32).toString('hex'),
    label,
    description,
    lastUpdated: call.hub.clock.instant(),
  };
  user.apiKeys.set(key.id, key);
  return { status: 201, json: { ...key, label: label ?? '', description: description ?? '', owner: id } };
}

function getKey(call: Call): Answer {
  const id = idOf(call, 'user');
  call.authorize(call.target('user', id), 'READ');
  demandUuid(call);
  const key = reachableKeys(call, findUser(call, id)).get(call.param('key'));
  if (key === undefined) throw call.refusal(404, 'not-found', 'apikey.not.found');
  const { value, ...shown } = key;
  return { status: 200, json: { ...shown, label: key.label ?? '', description: key.description ?? '', owner: id } };
}

function deleteKey(call: Call): Answer {
  const id = idOf(call, 'user');
  call.authorize(call.target('user', id), 'WRITE');
  demandUuid(call);
  if (!reachableKeys(call, findUser(call, id)).delete(call.param('key'))) {
    throw call.refusal(404, 'not-found', 'apikey.not.found');
  }
  return DELETED;
}

/** A user whose name was used before is not found by the UUID that the ownership cache remembers. */
function findUser(call: Call, id: string): UserRecord {
  const user = call.hub.store.users.get(id);
  const ownership = call.hub.ownership.of('user', id);
  if (ownership === undefined) {
    throw new Refusal({ status: 404, json: { code: call.hub.language.code('not-found'), msg: 'User not found' } });
  }
  if (user === undefined || user.uuid !== ownership.owner) throw call.refusal(404, 'not-found', 'user.not.found', id);
  return user;
}

function reachableKeys({ identity }: Call, user: UserRecord): UserRecord['apiKeys'] {
  const mine = user.uuid === identity.identifier;
  if (isStandardUser(identity) && !mine) return new Map();
  if (isOrgAdmin(identity) && user.organization !== identity.organization) return new Map();
  if (isHubAdmin(identity) && !(user.hubAdmin || user.admin)) return new Map();
  return user.apiKeys;
}

function demandUuid(call: Call): void {
  if (UUID.test(call.param('key'))) return;
  const msg = 'Invalid UUID format for API key ID';
  throw new Refusal({ status: 400, json: { code: call.hub.language.code('invalid-input'), msg } });
}
