import { isRecord, type RawEvent } from './normalise-spelling.ts';

export type EventData = Readonly<Record<string, string>>;

const NONE: EventData = Object.freeze({});

/**
 * The event's key=value pairs: `EventData` where KubeArmor sends it, else what it would have sent (`Data`, and
 * `Resource` for network events, split on white space; reference/kubearmor.md §5.2). Keys begin upper case.
 */
export function eventDataOf(given: unknown, operation: string, data: string, resource: string): EventData {
  if (isRecord(given) && hasKeys(given)) return isEventData(given) ? given : onlyStrings(given);
  const pairs = operation === 'Network' ? `${data} ${resource}` : data;
  return pairs.includes('=') ? parsePairs(pairs) : NONE;
}

function hasKeys(given: RawEvent): boolean {
  for (const _ in given) return true;
  return false;
}

function isEventData(given: RawEvent): given is EventData {
  for (const key in given) if (typeof given[key] !== 'string') return false;
  return true;
}

function onlyStrings(given: RawEvent): EventData {
  return Object.fromEntries(
    Object.entries(given).filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
  );
}

function parsePairs(pairs: string): EventData {
  const parsed: Record<string, string> = {};
  for (const pair of pairs.split(/\s+/)) {
    const equals = pair.indexOf('=');
    if (equals <= 0) continue;
    parsed[pair.charAt(0).toUpperCase() + pair.slice(1, equals)] = pair.slice(equals + 1);
  }
  return parsed;
}
