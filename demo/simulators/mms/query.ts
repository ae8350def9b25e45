/** Query parameters of the listings. */
import type { HttpAnswer } from '../http.ts';
import * as answer from './answers.ts';
import { escapeHtml, isValidName } from './names.ts';
import type { ObjectFilter } from './object-lists.ts';
import { parseRfc3339 } from './rfc3339.ts';

/** As Go's ParseBool; absent is false, `undefined` is no truth value. */
export function boolOf(text: string): boolean | undefined {
  if (/^(1|t|T|TRUE|true|True)$/.test(text)) return true;
  return text === '' || /^(0|f|F|FALSE|false|False)$/.test(text) ? false : undefined;
}

/** `org/name`; `undefined` when absent, null when it is no such pair. */
export function pairOf(text: string): { org: string; name: string } | undefined | null {
  if (text === '') return undefined;
  const slash = text.indexOf('/');
  if (slash < 1 || slash === text.length - 1) return null;
  return { org: text.slice(0, slash), name: text.slice(slash + 1) };
}

/** Names of a service or a property that are no names. */
export function serviceNameRefusal(
  service: { readonly org: string; readonly name: string } | undefined,
  property = '',
): HttpAnswer | undefined {
  const refuse = (what: string, name: string): HttpAnswer =>
    answer.plain(400, `${what} (${escapeHtml(name)}) contains invalid characters`);
  if (service !== undefined && !isValidName(service.org)) return refuse('Service ID', service.org);
  if (service !== undefined && !isValidName(service.name)) return refuse('Service name', service.name);
  return property !== '' && !isValidName(property) ? refuse('Property name', property) : undefined;
}

type Read<T> = { readonly value: T } | { readonly answer: HttpAnswer };

const refused = (how: HttpAnswer): { readonly answer: HttpAnswer } => ({ answer: how });

/** The filters, checked in the sync service's order. */
export function filterOf(query: URLSearchParams): Read<ObjectFilter> {
  const text = (name: string): string => query.get(name) ?? '';
  const flag = (name: string): boolean | undefined | null =>
    text(name) === '' ? undefined : (boolOf(text(name)) ?? null);

  const destinationPolicy = flag('destinationPolicy');
  if (destinationPolicy === null) return refused(answer.badRequest);
  const policy = destinationPolicy === true ? policyFilterOf(query) : { value: {} };
  if ('answer' in policy) return policy;

  const objectType = text('objectType');
  const objectID = objectType === '' ? '' : text('objectID');
  const destinationType = text('destinationType');
  const destinationID = destinationType === '' ? '' : text('destinationID');
  const refusal = answer.nameRefusal({
    type: objectType,
    id: objectID,
    ...(destinationType === '' ? {} : { destination: { type: destinationType, id: destinationID } }),
  });
  if (refusal !== undefined) return refused(refusal);

  const noData = flag('noData');
  const expirationTimeBefore = text('expirationTimeBefore');
  const deleted = flag('deleted');
  if (noData === null || deleted === null) return refused(answer.badRequest);
  if (expirationTimeBefore !== '' && parseRfc3339(expirationTimeBefore) === undefined) {
    return refused(answer.badRequest);
  }
  return {
    value: {
      ...policy.value,
      ...(destinationPolicy === undefined ? {} : { destinationPolicy }),
      ...(noData === undefined ? {} : { noData }),
      ...(deleted === undefined ? {} : { deleted }),
      objectType,
      objectID,
      destinationType,
      destinationID,
      expirationTimeBefore,
    },
  };
}

function policyFilterOf(query: URLSearchParams): Read<Pick<ObjectFilter, 'service' | 'propertyName' | 'since'>> {
  const service = pairOf(query.get('dpService') ?? '');
  if (service === null) return refused(answer.badRequest);
  const propertyName = query.get('dpPropertyName') ?? '';
  const refusal = serviceNameRefusal(service, propertyName);
  if (refusal !== undefined) return refused(refusal);
  const sinceText = query.get('since') ?? '';
  const since = sinceText === '' ? 0 : parseRfc3339(sinceText);
  if (since === undefined || (sinceText !== '' && since <= 0)) return refused(answer.badRequest);
  return {
    value: { ...(service === undefined ? {} : { service }), propertyName, since: BigInt(since) * 1_000_000n },
  };
}
