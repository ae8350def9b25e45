import { randomUUID } from 'node:crypto';
import { type Answer, databaseError, listing, missingParent } from './answer.ts';
import { anything, asBoolean, flag, optional, orElse, record, text } from './body-shape.ts';
import { type Call, DELETED, idOf } from './call.ts';
import { compositeId } from './composite-id.ts';
import {
  type Identity,
  isHubAdmin,
  isOrgAdmin,
  isStandardUser,
  isSuperUser,
  isUser,
  resourceOf,
  userRole,
} from './identity.ts';
import type { UserRecord } from './records.ts';
import type { Route } from './router.ts';
import { deleteUser, nameOfUser, type Store } from './store.ts';
import { demandCreatable, demandPatchable, type UserFields } from './user-rules.ts';

export const USER_ROUTES: readonly Route[] = [
  { paths: ['/orgs/:org/users'], methods: { GET: listUsers } },
  { paths: ['/orgs/:org/users/apikey', '/orgs/:org/users/iamapikey'], methods: { GET: getSelf } },
  {
    paths: ['/orgs/:org/users/:user'],
    methods: { DELETE: removeUser, PATCH: patchUser, PUT: putUser, GET: getUser, POST: createUser },
  },
  { paths: ['/orgs/:org/users/:user/changepw'], methods: { POST: changePassword } },
  { paths: ['/orgs/:org/users/:user/confirm'], methods: { POST: confirmUser } },
];

const PACKAGE = 'org.openhorizon.exchangeapi.route.user';

const userBody = record(`${PACKAGE}.PostPutUsersRequest`, {
  password: orElse(text, ''),
  admin: orElse(flag, false),
  hubAdmin: optional(anything),
  email: text,
});

const userPatch = record(`${PACKAGE}.PatchUsersRequest`, {
  password: optional(text),
  admin: optional(anything),
  hubAdmin: optional(anything),
  email: optional(text),
});

const passwordBody = record(`${PACKAGE}.ChangePwRequest`, { newPassword: text }, { required: ['newPassword'] });

function listUsers(call: Call): Answer {
  const organization = call.param('org');
  call.authorize({ kind: 'user', id: compositeId(organization, '#') }, 'READ');
  const { store } = call.hub;
  const chosen = [...store.users].filter(
    ([, user]) => user.organization === organization && isVisible(call.identity, user),
  );
  return listing('users', Object.fromEntries(chosen.map(([id, user]) => [id, viewUser(store, user)])));
}

/** `users/apikey`: the caller, whatever the name. */
function getSelf(call: Call): Answer {
  const { identity } = call;
  const organization = call.param('org');
  call.authorize(
    { kind: 'user', id: compositeId(organization, identity.username), owner: identity.identifier ?? undefined },
    'READ',
  );
  if (identity.organization !== organization) call.demand(['org.path.mismatch']);
  const { store } = call.hub;
  const user = store.users.get(resourceOf(identity));
  return listing('users', user === undefined ? {} : { [resourceOf(identity)]: viewUser(store, user) });
}

function getUser(call: Call): Answer {
  const id = idOf(call, 'user');
  call.authorize(call.target('user', id), 'READ');
  const { store } = call.hub;
  const user = store.users.get(id);
  const visible = user !== undefined && isVisible(call.identity, user);
  return listing('users', visible ? { [id]: viewUser(store, user) } : {});
}

function createUser(call: Call): Answer {
  const id = idOf(call, 'user');
  call.authorize(call.target('user', id), 'CREATE');
  const fields = readUser(call);
  demandCreatable(call, fields, 'POST');
  if (call.hub.store.users.has(id)) {
    throw call.refusal(400, 'invalid-input', 'user.not.added.or.updated.successfully', id);
  }
  if (!call.hub.store.orgs.has(call.param('org'))) {
    const cause = missingParent('users', 'users_org_fk', 'organization', call.param('org'), 'orgs');
    throw call.refusal(500, 'internal_error', 'user.not.updated', databaseError(cause));
  }
  return addUser(call, id, fields);
}

/** Creates what is not there, or not the caller's to change (which then fails as a duplicate). */
function putUser(call: Call): Answer {
  const id = idOf(call, 'user');
  call.authorize(call.target('user', id), 'WRITE');
  const fields = readUser(call);
  demandCreatable(call, fields, 'PUT');
  const { store, clock, logins } = call.hub;
  const user = store.users.get(id);
  if (user === undefined) {
    if (!store.orgs.has(call.param('org'))) {
      throw call.refusal(404, 'not-found', 'user.not.added.or.updated.successfully', id);
    }
    return addUser(call, id, fields);
  }
  if (!isChangeable(call.identity, user)) {
    throw call.refusal(400, 'invalid-input', 'user.not.added.or.updated.successfully', id);
  }
  Object.assign(user, {
    email: fields.email === '' ? null : fields.email,
    admin: fields.admin,
    hubAdmin: fields.hubAdmin,
    password: fields.password,
    modifiedAt: clock.timestamp(),
    modifiedBy: call.identity.identifier,
  });
  logins.delete(id);
  return call.done('user.updated.successfully');
}

function patchUser(call: Call): Answer {
  const id = idOf(call, 'user');
  call.authorize(call.target('user', id), 'WRITE');
  const body = call.body(userPatch);
  const given = (['admin', 'email', 'hubAdmin', 'password'] as const).filter((name) => body[name] !== null);
  const [name] = given;
  if (name === undefined || given.length !== 1) throw call.refusal(400, 'invalid-input', 'bad.input');
  demandPatchable(call, { ...body, name });
  if (name === 'admin' || name === 'hubAdmin') demandFlag(call, body[name]);
  const { store, clock, logins } = call.hub;
  const user = store.users.get(id);
  if (user === undefined || !isPatchable(call.identity, user, name)) {
    throw call.refusal(404, 'not-found', 'user.not.found', id);
  }
  const value = name === 'password' && body.password === '' ? null : body[name];
  Object.assign(user, { [name]: value, modifiedAt: clock.timestamp(), modifiedBy: call.identity.identifier });
  logins.delete(id);
  return call.done('user.attr.updated', name === 'hubAdmin' ? 'hubadmin' : name, id);
}

/** What the rules have not used yet is used now, and fails another way. */
function demandFlag(call: Call, value: unknown): void {
  if (typeof value !== 'boolean') {
    throw call.refusal(400, 'invalid-input', 'user.not.updated', 'java.lang.ClassCastException');
  }
}

function changePassword(call: Call): Answer {
  const id = idOf(call, 'user');
  call.authorize(call.target('user', id), 'WRITE');
  const { newPassword } = call.body(passwordBody);
  if (newPassword === '') call.demand(['password.cannot.be.set.to.empty.string']);
  const { store, clock, logins } = call.hub;
  const user = store.users.get(id);
  if (user === undefined || !isChangeable(call.identity, user)) {
    throw call.refusal(404, 'not-found', 'user.not.found', id);
  }
  Object.assign(user, {
    password: newPassword,
    modifiedAt: clock.timestamp(),
    modifiedBy: call.identity.identifier,
  });
  logins.delete(id);
  return call.done('password.updated.successfully');
}

function confirmUser(call: Call): Answer {
  call.authorize(call.target('user', idOf(call, 'user')), 'READ');
  return call.done('confirmation.successful');
}

function removeUser(call: Call): Answer {
  const id = idOf(call, 'user');
  call.authorize(call.target('user', id), 'WRITE');
  if (id === 'root/root') call.demand(['cannot.delete.root.user']);
  const { store, logins } = call.hub;
  const user = store.users.get(id);
  if (user === undefined || !isChangeable(call.identity, user)) {
    throw call.refusal(404, 'not-found', 'user.not.found', id);
  }
  deleteUser(store, id);
  logins.delete(id);
  return DELETED;
}

/** Users see themselves, admins their org without hub admins, hub admins the admins of all orgs, root everybody. */
export function isVisible(identity: Identity, user: UserRecord): boolean {
  const isRoot = user.organization === 'root' && user.username === 'root';
  if (isStandardUser(identity)) return user.uuid === identity.identifier;
  if (isOrgAdmin(identity)) return !user.hubAdmin && user.organization === identity.organization && !isRoot;
  if (isHubAdmin(identity)) return (user.hubAdmin || user.admin) && !isRoot;
  return true;
}

/** The same for changes; root is changed by root alone. */
function isChangeable(identity: Identity, user: UserRecord): boolean {
  const isRoot = user.organization === 'root' && user.username === 'root';
  if (isUser(identity) && !isSuperUser(identity) && isRoot) return false;
  if (isStandardUser(identity)) return user.uuid === identity.identifier;
  if (isOrgAdmin(identity)) return user.organization === identity.organization && !user.hubAdmin;
  if (isHubAdmin(identity)) return user.hubAdmin || user.admin;
  return true;
}

/** A hub admin cannot become an org admin, nor an org admin a hub admin; nobody gives himself either. */
function isPatchable(identity: Identity, user: UserRecord, name: string): boolean {
  if (name !== 'admin' && name !== 'hubAdmin') return isChangeable(identity, user);
  if (user.organization === 'root' && user.username === 'root') return false;
  if (isStandardUser(identity)) return false;
  if (name === 'admin') return !user.hubAdmin && (!isOrgAdmin(identity) || user.organization === identity.organization);
  if (isOrgAdmin(identity)) return false;
  return !user.admin && (!isHubAdmin(identity) || user.hubAdmin);
}

function readUser(call: Call): UserFields {
  const body = call.body(userBody);
  return {
    password: body.password ?? '',
    email: body.email,
    admin: body.admin,
    hubAdmin: body.hubAdmin === null ? false : asBoolean(body.hubAdmin),
  };
}

function addUser(call: Call, id: string, fields: UserFields): Answer {
  const uuid = randomUUID();
  const { store, clock, logins } = call.hub;
  const organization = call.param('org');
  const username = call.param('user');
  store.users.set(id, {
    uuid,
    organization,
    username,
    password: fields.password,
    admin: fields.admin,
    hubAdmin: fields.hubAdmin,
    email: fields.email === '' ? null : fields.email,
    modifiedAt: clock.timestamp(),
    modifiedBy: call.identity.identifier,
    apiKeys: new Map(),
  });
  logins.set(id, {
    identity: { organization, username, role: userRole(fields), identifier: uuid, owner: null },
    secret: fields.password,
  });
  return call.done('user.added.successfully', `${id}(Resource:${uuid})`);
}

function viewUser(store: Store, user: UserRecord) {
  return {
    admin: user.admin,
    apikeys: [...user.apiKeys.values()].map(({ value, ...key }) => ({
      ...key,
      label: key.label ?? '',
      description: key.description ?? '',
    })),
    email: user.email ?? '',
    hubAdmin: user.hubAdmin,
    lastUpdated: user.modifiedAt,
    password: user.password === null ? '' : '***************',
    updatedBy: nameOfUser(store, user.modifiedBy) ?? '',
  };
}
