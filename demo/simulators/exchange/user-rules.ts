import { asBoolean } from './body-shape.ts';
import { type Call, idOf } from './call.ts';
import { isHubAdmin, isOrgAdmin, isStandardUser, isSuperUser, resourceOf } from './identity.ts';
import type { MessageKey } from './messages.ts';

/** What a user is created with. */
export interface UserFields {
  readonly password: string;
  readonly email: string | null;
  readonly admin: boolean;
  readonly hubAdmin: boolean;
}

/** One attribute of a user that is to be changed. */
export interface UserChange {
  readonly name: 'admin' | 'email' | 'hubAdmin' | 'password';
  /** Anything but null fails in a rule that asks for it, unless it is a boolean. */
  readonly admin: unknown;
  readonly hubAdmin: unknown;
  readonly email: string | null;
}

type Rule = readonly [broken: boolean, message: MessageKey];

/**
 * The rules for POST and PUT of a user, in the real one's order; the first broken one is the answer.
 * Source: reference/exchange-mms.md §A.6.
 */
export function demandCreatable(call: Call, user: UserFields, method: 'POST' | 'PUT'): void {
  const { identity } = call;
  const organization = call.param('org');
  const username = call.param('user');
  const reserved = method === 'POST' && ['apikey', 'iamapikey'].includes(username.toLowerCase());
  const rules: readonly Rule[] = [
    [user.email === null, 'password.must.be.non.blank.when.creating.user'],
    [reserved, 'user.reserved.name'],
    [user.password.trim() === '', 'password.must.be.non.blank.when.creating.user'],
    [organization === 'root' && username === 'root', 'non.admin.user.cannot.make.admin.user'],
    [user.admin && user.hubAdmin, 'non.admin.user.cannot.make.admin.user'],
    [isStandardUser(identity) && user.admin, 'non.admin.user.cannot.make.admin.user'],
    [organization === 'root' && !user.hubAdmin, 'user.cannot.be.in.root.org'],
    [isOrgAdmin(identity) && user.hubAdmin, 'only.super.users.make.hub.admins'],
    [organization !== 'root' && user.hubAdmin, 'hub.admins.in.root.org'],
    [method === 'PUT' && user.email === '', 'bad.input'],
    [isHubAdmin(identity) && !user.admin && !user.hubAdmin, 'hub.admins.only.write.admins'],
  ];
  const broken = rules.find(([isBroken]) => isBroken);
  if (broken !== undefined) call.demand([broken[1]]);
}

/** The rules for PATCH of a user, in the real one's order. */
export function demandPatchable(call: Call, change: UserChange): void {
  const { identity } = call;
  const organization = call.param('org');
  const id = idOf(call, 'user');
  const isRoot = id === 'root/root';
  const setsRole = change.name === 'admin' || change.name === 'hubAdmin';
  if (isRoot && (!isSuperUser(identity) || setsRole)) {
    call.demand(['user.not.updated', call.param('user')]);
  }
  const wants = (value: unknown): boolean => value !== null && asBoolean(value);
  const rules: readonly (readonly [isBroken: () => boolean, message: MessageKey])[] = [
    [
      () => (isHubAdmin(identity) || isStandardUser(identity)) && wants(change.admin),
      'non.admin.user.cannot.make.admin.user',
    ],
    [() => change.name === 'email' && change.email === '', 'bad.input'],
    [
      () => (isOrgAdmin(identity) || isStandardUser(identity)) && wants(change.hubAdmin),
      'only.super.users.make.hub.admins',
    ],
    [() => organization !== 'root' && wants(change.hubAdmin), 'hub.admins.in.root.org'],
    [() => isStandardUser(identity) && id !== resourceOf(identity), 'bad.input'],
    [() => isOrgAdmin(identity) && organization !== identity.organization, 'bad.input'],
  ];
  const broken = rules.find(([isBroken]) => isBroken());
  if (broken !== undefined) call.demand([broken[1]]);
}
