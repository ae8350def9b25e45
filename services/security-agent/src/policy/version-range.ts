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

/** Negative, zero or positive, as a sort wants it; both must be versions. `1` equals `1.0.0`. */
export function compareVersions(a: string, b: string): number {
  if (a === b) return 0;
  if (a === INFINITY) return 1;
  if (b === INFINITY) return -1;
  const left = split(a);
  const right = split(b);
  const differences = [0, 1, 2].map((i) => (left.numbers[i] ?? 0) - (right.numbers[i] ?? 0));
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
 * Whether a version lies in a range. A bound that is named decides before the other is looked at: `[2.0.0,1.0.0]` holds
 * 2.0.0 and 1.0.0 and nothing else.
 */
export function isInRange(version: string, range: VersionRange): boolean {
  if (!isVersion(version)) return false;
  const toLow = compareVersions(version, range.low);
  const toHigh = compareVersions(version, range.high);
  if ((toLow === 0 && range.lowInclusive) || (toHigh === 0 && range.highInclusive)) return true;
  return toLow > 0 && toHigh < 0;
}

function split(version: string): { readonly numbers: readonly number[]; readonly preRelease: string } {
  const dash = version.indexOf('-');
  const release = dash < 0 ? version : version.slice(0, dash);
  return { numbers: release.split('.').map(Number), preRelease: dash < 0 ? '' : version.slice(dash + 1) };
}

/** semver.org 2.0.0 §11: a release is above its pre-releases, numbers below words, the longer list above its prefix. */
function comparePreReleases(a: string, b: string): number {
  if (a === b) return 0;
  if (a === '') return 1;
  if (b === '') return -1;
  const right = b.split('.');
  for (const [i, mine] of a.split('.').entries()) {
    const other = right[i];
    if (other === undefined) return 1;
    if (mine === other) continue;
    const [isNumber, otherIsNumber] = [/^\d+$/.test(mine), /^\d+$/.test(other)];
    if (isNumber && otherIsNumber) return Number(mine) - Number(other);
    if (isNumber !== otherIsNumber) return isNumber ? -1 : 1;
    return mine < other ? -1 : 1;
  }
  return -1;
}
