/**
 * Open Horizon's versions and version ranges, as its agent reads them (reference/anax.md §6.7, §6.9): `1`, `1.2`,
 * `1.2.3`, with a pre-release behind a dash, or INFINITY; ranges as `[1.0.0,2.0.0)`. A bare version where a range is
 * asked for means `[v,INFINITY)`. No white space.
 */

const INFINITY = 'INFINITY';
const VERSION = /^\d+(?:\.\d+){0,2}(?:-[0-9A-Za-z.-]*)?$/;

export interface VersionRange {
  readonly low: string;
  readonly lowInclusive: boolean;
  readonly high: string;
  readonly highInclusive: boolean;
}

export function isVersion(text: string): boolean {
  return text === INFINITY || VERSION.test(text);
}

/**
 * Negative, zero or positive, as a sort wants it; both must be versions. Numbers count, not how they are written: `1`,
 * `1.0.0` and `01.0.0` are equal here. In a range they are not: see isInRange.
 */
export function compareVersions(a: string, b: string): number {
  if (a === b) return 0;
  if (a === INFINITY) return 1;
  if (b === INFINITY) return -1;
  const left = split(a);
  const right = split(b);
  const differences = left.numbers.map((number, index) => compareNumbers(number, right.numbers[index] ?? '0'));
  return differences.find((difference) => difference !== 0) ?? comparePreReleases(left.preRelease, right.preRelease);
}

/** The range, or undefined where Open Horizon would refuse the text. */
export function parseVersionRange(text: string): VersionRange | undefined {
  if (isVersion(text)) return { low: text, lowInclusive: true, high: INFINITY, highInclusive: false };
  const [, open, low, high, close] = /^([[(])([^,\s]+),([^,\s]+)([\])])$/.exec(text) ?? [];
  if (low === undefined || high === undefined || !isVersion(low) || !isVersion(high)) return undefined;
  return { low, lowInclusive: open === '[', high, highInclusive: close === ']' };
}

/**
 * Whether a version lies in a range, as semanticversion.Is_within_range says. A version written as a bound is decides
 * before anything is compared: `[2.0.0,1.0.0]` holds 2.0.0 and 1.0.0 and nothing else. One that equals a bound and is
 * written differently passes whatever the bracket: `(1.2.3,2.0.0)` holds 01.2.3.
 */
export function isInRange(version: string, { low, lowInclusive, high, highInclusive }: VersionRange): boolean {
  if (!isVersion(version)) return false;
  const text = normalised(version);
  const [isLow, isHigh] = [text === normalised(low), text === normalised(high)];
  if (isLow || isHigh) return (isLow && lowInclusive) || (isHigh && highInclusive);
  return compareVersions(low, version) <= 0 && compareVersions(high, version) >= 0;
}

/** With three numbers, and without a dash that nothing follows. Leading zeros stay. */
function normalised(version: string): string {
  if (version === INFINITY) return version;
  const { numbers, preRelease } = split(version);
  return numbers.join('.') + (preRelease === '' ? '' : `-${preRelease}`);
}

function split(version: string): { readonly numbers: readonly string[]; readonly preRelease: string } {
  const dash = version.indexOf('-');
  const release = dash < 0 ? version : version.slice(0, dash);
  const [major = '0', minor = '0', patch = '0'] = release.split('.');
  return { numbers: [major, minor, patch], preRelease: dash < 0 ? '' : version.slice(dash + 1) };
}

const LARGEST = 2n ** 63n - 1n;

/** As 64-bit integers: what is larger counts as the largest. */
function compareNumbers(a: string, b: string): number {
  const [left, right] = [a, b].map((text) => (BigInt(text) > LARGEST ? LARGEST : BigInt(text)));
  return compare(left ?? 0n, right ?? 0n);
}

/** semver.org 2.0.0 §11: a release is above its pre-releases, numbers below words, the longer list above its prefix. */
function comparePreReleases(a: string, b: string): number {
  if (a === b) return 0;
  if (a === '') return 1;
  if (b === '') return -1;
  const [left, right] = [a.split('.'), b.split('.')];
  const differences = left.map((mine, index) => compareIdentifiers(mine, right[index]));
  return differences.find((difference) => difference !== 0) ?? (left.length < right.length ? -1 : 0);
}

function compareIdentifiers(mine: string, other: string | undefined): number {
  if (other === undefined) return 1;
  if (mine === other) return 0;
  const [number, otherNumber] = [wholeNumber(mine), wholeNumber(other)];
  if (number !== undefined && otherNumber !== undefined) return compare(number, otherNumber);
  if ((number === undefined) !== (otherNumber === undefined)) return number === undefined ? 1 : -1;
  return compare(mine, other);
}

/** What Go's strconv.Atoi takes of an identifier: a sign as well, and nothing over 64 bits. */
function wholeNumber(identifier: string): bigint | undefined {
  if (!/^-?\d+$/.test(identifier)) return undefined;
  const value = BigInt(identifier);
  return value > LARGEST || value < -LARGEST - 1n ? undefined : value;
}

function compare<T extends bigint | string>(a: T, b: T): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
