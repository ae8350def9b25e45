/**
 * Open Horizon's versions and version ranges (reference/anax.md §6.7, §6.9): `1`, `1.2`, `1.2.3`, optionally with a
 * pre-release behind a dash, or INFINITY; ranges as `[1.0.0,2.0.0)`. A bare version in place of a range means
 * `[v,INFINITY)`. White space is not allowed anywhere.
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

/** Negative, zero or positive, as a sort wants it. Both must be versions. Shorter forms are padded: `1` equals `1.0.0`. */
export function compareVersions(a: string, b: string): number {
  if (a === b) return 0;
  if (a === INFINITY) return 1;
  if (b === INFINITY) return -1;
  const left = parts(a);
  const right = parts(b);
  for (let i = 0; i < 3; i += 1) {
    const difference = (left.numbers[i] ?? 0) - (right.numbers[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return comparePreReleases(left.preRelease, right.preRelease);
}

/** The range, or undefined where Open Horizon would refuse the text. */
export function parseVersionRange(text: string): VersionRange | undefined {
  if (isVersion(text)) return { low: text, lowInclusive: true, high: INFINITY, highInclusive: false };
  const match = /^([[(])([^,\s]+),([^,\s]+)([\])])$/.exec(text);
  if (match === null) return undefined;
  const [, open, low = '', high = '', close] = match;
  if (!isVersion(low) || !isVersion(high)) return undefined;
  return { low, lowInclusive: open === '[', high, highInclusive: close === ']' };
}

/**
 * Whether a version lies in a range. A bound is met by its own text only (`01.0.0` is not `1.0.0`), and a bound that is
 * met decides before the other is looked at: `[2.0.0,1.0.0]` holds 2.0.0 and 1.0.0 and nothing else.
 */
export function isInRange(version: string, range: VersionRange): boolean {
  if (!isVersion(version)) return false;
  const atLow = padded(version) === padded(range.low);
  const atHigh = padded(version) === padded(range.high);
  if ((atLow && range.lowInclusive) || (atHigh && range.highInclusive)) return true;
  if (atLow || atHigh) return false;
  return compareVersions(version, range.low) >= 0 && compareVersions(version, range.high) <= 0;
}

interface VersionParts {
  readonly numbers: readonly number[];
  readonly preRelease: string;
}

function parts(version: string): VersionParts {
  const dash = version.indexOf('-');
  const [numbers, preRelease] = dash < 0 ? [version, ''] : [version.slice(0, dash), version.slice(dash + 1)];
  return { numbers: numbers.split('.').map(Number), preRelease };
}

/** `1` as `1.0.0`, and without an empty pre-release. */
function padded(version: string): string {
  if (version === INFINITY) return version;
  const dash = version.indexOf('-');
  const [numbers, preRelease] = dash < 0 ? [version, ''] : [version.slice(0, dash), version.slice(dash + 1)];
  const full = numbers + '.0'.repeat(3 - numbers.split('.').length);
  return preRelease === '' ? full : `${full}-${preRelease}`;
}

/** As semver.org 2.0.0 §11 says: a release above its pre-releases, numbers below words. */
function comparePreReleases(a: string, b: string): number {
  if (a === b) return 0;
  if (a === '') return 1;
  if (b === '') return -1;
  const left = a.split('.');
  const right = b.split('.');
  for (const [i, mine] of left.entries()) {
    const other = right[i];
    if (other === undefined) return 1;
    if (mine === other) continue;
    const [mineIsNumber, otherIsNumber] = [/^\d+$/.test(mine), /^\d+$/.test(other)];
    if (mineIsNumber && otherIsNumber) return Number(mine) - Number(other);
    if (mineIsNumber !== otherIsNumber) return mineIsNumber ? -1 : 1;
    return mine < other ? -1 : 1;
  }
  return -1;
}
