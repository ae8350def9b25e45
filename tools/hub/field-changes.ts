import { isDeepStrictEqual } from 'node:util';

/** One field that differs: where, what it is on the hub, what it will be. An absent side has no such key. */
export interface FieldChange {
  /** `service.serviceVersions[0].version`; entries with a name are found by it: `properties[purpose].value`. */
  readonly field: string;
  readonly from?: unknown;
  readonly to?: unknown;
}

/**
 * What differs between a stored and a wanted body, field by field. Texts that hold JSON, as a service's deployment does,
 * are compared by what they hold; a text that says the same in another spelling counts as one change of that field.
 */
export function fieldChanges(stored: unknown, wanted: unknown, field = ''): FieldChange[] {
  if (isDeepStrictEqual(stored, wanted)) return [];
  if (isRecord(stored) && isRecord(wanted)) {
    const names = [...new Set([...Object.keys(stored), ...Object.keys(wanted)])].sort();
    return names.flatMap((name) => fieldChanges(stored[name], wanted[name], field === '' ? name : `${field}.${name}`));
  }
  if (Array.isArray(stored) && Array.isArray(wanted)) return entryChanges(stored, wanted, field);
  const inside = jsonChanges(stored, wanted, field);
  if (inside.length > 0) return inside;
  return [
    { field, ...(stored === undefined ? {} : { from: stored }), ...(wanted === undefined ? {} : { to: wanted }) },
  ];
}

function jsonChanges(stored: unknown, wanted: unknown, field: string): FieldChange[] {
  const [before, after] = [parseObject(stored), parseObject(wanted)];
  return before === undefined || after === undefined ? [] : fieldChanges(before, after, field);
}

function entryChanges(stored: readonly unknown[], wanted: readonly unknown[], field: string): FieldChange[] {
  const [before, after] = [byName(stored), byName(wanted)];
  if (before === undefined || after === undefined) {
    const length = Math.max(stored.length, wanted.length);
    return Array.from({ length }, (_, i) => fieldChanges(stored[i], wanted[i], `${field}[${i}]`)).flat();
  }
  const names = [...new Set([...before.keys(), ...after.keys()])].sort();
  const changes = names.flatMap((name) => fieldChanges(before.get(name), after.get(name), `${field}[${name}]`));
  // The same entries in another order: still a difference, since the Exchange keeps the order.
  return changes.length > 0
    ? changes
    : [{ field: `${field} (order)`, from: [...before.keys()], to: [...after.keys()] }];
}

/** Entries by their name, where each has one of its own. */
function byName(entries: readonly unknown[]): Map<string, unknown> | undefined {
  const named = new Map<string, unknown>();
  for (const entry of entries) {
    const name = nameOf(entry);
    if (name === undefined || named.has(name)) return undefined;
    named.set(name, entry);
  }
  return named;
}

function nameOf(entry: unknown): string | undefined {
  if (!isRecord(entry)) return undefined;
  if (typeof entry.name === 'string') return entry.name;
  return isRecord(entry.metadata) && typeof entry.metadata.name === 'string' ? entry.metadata.name : undefined;
}

function parseObject(value: unknown): Readonly<Record<string, unknown>> | undefined {
  if (typeof value !== 'string' || !value.startsWith('{')) return undefined;
  try {
    const parsed: unknown = JSON.parse(value);
    return isRecord(parsed) ? parsed : undefined;
  } catch {
    return undefined;
  }
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
