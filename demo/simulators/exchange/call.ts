import type { HttpRequest } from '../http.ts';
import { type Answer, Refusal } from './answer.ts';
import { readBody, type Shape } from './body-shape.ts';
import { compositeId } from './composite-id.ts';
import { notNull } from './defects.ts';
import { BODY_LIMIT, type Hub } from './hub.ts';
import { type Identity, resourceOf } from './identity.ts';
import type { AnswerCode, MessageKey } from './messages.ts';
import type { OwnedKind } from './ownership.ts';
import type { ChangeRecord } from './records.ts';
import { type Access, judge, type Target } from './rights.ts';
import { logChange } from './store.ts';

type Arguments = readonly (string | number | null)[];

/** One authenticated request on its way through a route. */
export interface Call {
  readonly hub: Hub;
  readonly identity: Identity;
  /** A segment of the path, decoded. */
  param(name: string): string;
  /** The first value of a query parameter. */
  query(name: string): string | undefined;
  /** The same as true or false (also yes/no, on/off, 1/0); 400 for anything else. */
  queryFlag(name: string): boolean | undefined;

  /** 403 (or 404 for what is not there in a foreign org) unless the caller may. */
  authorize(target: Target, access: Access): void;
  /** The target that a composite id names, with its owner. */
  target(kind: OwnedKind, id: string): Target;

  /** The JSON body in its shape; 400, 415 when it cannot be read. */
  body<T>(shape: Shape<T | null>): T;
  /** The same, but null where the body is null. */
  nullableBody<T>(shape: Shape<T | null>): T | null;
  /** The body as text, whatever its type. */
  rawBody(): string;

  /** 201 `{code: 'ok', msg}` */
  done(key: MessageKey, ...args: Arguments): Answer;
  said(status: number, code: AnswerCode, key: MessageKey, ...args: Arguments): Answer;
  refusal(status: number, code: AnswerCode, key: MessageKey, ...args: Arguments): Refusal;
  /** 400 when there is something to complain about. */
  demand(problem: readonly [key: MessageKey, ...args: Arguments] | undefined): void;
  text(key: MessageKey, ...args: Arguments): string;
  logChange(change: Omit<ChangeRecord, 'changeId' | 'lastUpdated' | 'public'> & { readonly public?: boolean }): void;
}

export type Handler = (call: Call) => Answer | Promise<Answer>;

/** 204: what a DELETE answers. */
export const DELETED: Answer = { status: 204 };

export function createCall(
  hub: Hub,
  identity: Identity,
  request: HttpRequest,
  params: Readonly<Record<string, string>>,
): Call {
  const said: Call['said'] = (status, code, key, ...args) => ({
    status,
    json: { code: hub.language.code(code), msg: hub.language.text(key, ...args) },
  });
  const refusal: Call['refusal'] = (...words) => new Refusal(said(...words));
  return {
    hub,
    identity,
    said,
    refusal,
    param: (name) => params[name] ?? '',
    query: (name) => request.query.get(name) ?? undefined,
    queryFlag(name) {
      const value = request.query.get(name)?.toLowerCase() ?? '';
      if (value === '') return undefined;
      if (['true', 'yes', 'on', '1'].includes(value)) return true;
      if (['false', 'no', 'off', '0'].includes(value)) return false;
      throw refusal(400, 'invalid-input', 'invalid.int.for.name', name);
    },
    authorize(target, access) {
      const verdict = judge(identity, target, access);
      if (verdict.granted) return;
      if (verdict.missing) throw refusal(404, 'not-found', 'resource.not.found', target.id);
      const aim = `${verdict.target.kind}=${verdict.target.id}`;
      throw refusal(403, 'access-denied', 'access.denied.no.auth', resourceOf(identity), verdict.right, aim);
    },
    target(kind, id) {
      const ownership = hub.ownership.of(kind, id);
      return { kind, id, owner: ownership?.owner, public: ownership?.public ?? false };
    },
    body(shape) {
      return notNull(readBody(bodyText(request, hub), shape), `${shape.type}.getAnyProblem()`);
    },
    nullableBody: (shape) => readBody(bodyText(request, hub), shape),
    rawBody() {
      if (request.bodyTooLong) {
        const size = request.headers['content-length'] ?? `more than ${BODY_LIMIT}`;
        throw new Refusal({
          status: 502,
          json: {
            code: hub.language.code('database-connection-error'),
            msg: `Request too large: Request of size ${size} was longer than the maximum of ${BODY_LIMIT}`,
          },
        });
      }
      return request.body.toString();
    },
    done: (key, ...args) => said(201, 'ok', key, ...args),
    demand(problem) {
      if (problem !== undefined) throw refusal(400, 'invalid-input', ...problem);
    },
    text: (key, ...args) => hub.language.text(key, ...args),
    logChange: (change) => logChange(hub.store, hub.clock, { public: false, ...change }),
  };
}

/** `org/name` of the thing that the path names. */
export function idOf(call: Call, name: string): string {
  return compositeId(call.param('org'), call.param(name));
}

const MEDIA_TYPE = /^\s*([\w!#$&^.+*-]+\/[\w!#$&^.+*-]+)\s*(;.*)?$/;

/** Only `application/json` (no `+json` types) is read; its charset is honoured. */
function bodyText(request: HttpRequest, hub: Hub): string {
  const given = request.headers['content-type'];
  const known = MEDIA_TYPE.exec(given ?? '');
  const [, type = 'application/octet-stream', parameters = ''] = known ?? [];
  const empty = request.body.length === 0 && !request.bodyTooLong;
  if (type.toLowerCase() !== 'application/json' && !(empty && known === null)) {
    throw new Refusal({
      status: 415,
      text: `The request's Content-Type [${type}${type.startsWith('multipart/') ? parameters : ''}] is not supported. Expected:\napplication/json`,
    });
  }
  if (request.bodyTooLong) {
    const size = request.headers['content-length'] ?? `more than ${BODY_LIMIT}`;
    throw new Refusal({
      status: 400,
      json: {
        code: hub.language.code('invalid-input'),
        msg: `EntityStreamSizeException: incoming entity size (${size}) exceeded size limit (${BODY_LIMIT} bytes)!`,
      },
    });
  }
  if (empty) throw new Refusal({ status: 400, text: 'Request entity expected but not supplied' });
  const charset = /charset\s*=\s*"?([^\s;"]+)/i.exec(parameters)?.[1]?.toLowerCase();
  return request.body.toString(charset === 'iso-8859-1' ? 'latin1' : 'utf8');
}
