/** Versions and ranges as the sync service reads them: up to three numbers without leading zeros, INFINITY as an upper end. */
export type Version = readonly [number, number, number];

export interface VersionRange {
  readonly from: Version;
  readonly to: Version;
  readonly includesFrom: boolean;
  readonly includesTo: boolean;
}

const INFINITY: Version = [Number.POSITIVE_INFINITY, 0, 0];

/** `undefined`: not a version. */
export function parseVersion(text: string): Version | undefined {
  const trimmed = text.trim();
  if (trimmed === 'INFINITY') return INFINITY;
  const parts = trimmed.split('.');
  if (parts.length > 3 || !parts.every((part) => /^(0|[1-9]\d*)$/.test(part))) return undefined;
  const [version = 0, minor = 0, fix = 0] = parts.map(Number);
  return [version, minor, fix];
}

/** A single version is the range from it upwards. `undefined`: not a range. */
export function parseVersionRange(text: string): VersionRange | undefined {
  const trimmed = text.trim();
  const bracketed = /^([[(])([^,]*),([^,]*)([\])])$/s.exec(trimmed);
  if (bracketed === null) {
    const from = parseVersion(trimmed);
    return from === undefined || from === INFINITY
      ? undefined
      : { from, to: INFINITY, includesFrom: true, includesTo: false };
  }
  const [, open, low = '', high = '', close] = bracketed;
  const from = parseVersion(low);
  const to = parseVersion(high);
  if (from === undefined || to === undefined || from === INFINITY) return undefined;
  return { from, to, includesFrom: open === '[', includesTo: close === ']' };
}

export function isInRange(version: Version, range: VersionRange): boolean {
  const fromLow = compareVersions(version, range.from);
  const fromHigh = compareVersions(version, range.to);
  return (
    (fromLow > 0 || (fromLow === 0 && range.includesFrom)) && (fromHigh < 0 || (fromHigh === 0 && range.includesTo))
  );
}

function compareVersions(a: Version, b: Version): number {
  for (const index of [0, 1, 2] as const) {
    if (a[index] !== b[index]) return a[index] < b[index] ? -1 : 1;
  }
  return 0;
}
