import { Defect } from './defects.ts';

/**
 * Versions and ranges as the Exchange reads them (reference/exchange-mms.md §A.7): one to three numbers or `infinity`,
 * trimmed, case ignored; a range without brackets is open to infinity.
 */
export interface Version {
  readonly parts: readonly [number, number, number];
  readonly infinite: boolean;
}

const LARGEST_NUMBER = 2_147_483_647;

/** A part of a version does not fit 32 bits: the real one fails with this text. */
export class NumberTooLarge extends Defect {
  constructor(digits: string) {
    super(`For input string: "${digits}"`);
    this.name = 'NumberTooLarge';
  }
}

/** `undefined` when the text is no version. */
export function parseVersion(text: string): Version | undefined {
  const trimmed = trimLikeJava(text).toLowerCase();
  if (trimmed === 'infinity') return { parts: [0, 0, 0], infinite: true };
  const match = /^(\d+)(?:\.(\d+))?(?:\.(\d+))?$/.exec(trimmed);
  if (match === null) return undefined;
  return { parts: [part(match[1]), part(match[2]), part(match[3])], infinite: false };
}

export function isVersion(text: string): boolean {
  return parseVersion(text) !== undefined;
}

export interface VersionRange {
  readonly floor: Version;
  readonly floorIncluded: boolean;
  readonly ceiling: Version;
  readonly ceilingIncluded: boolean;
}

/** `undefined` when the text is no range. */
export function parseVersionRange(text: string): VersionRange | undefined {
  const parts = trimLikeJava(text)
    .toLowerCase()
    .split(/\s*,\s*/);
  const [first = '', second = 'infinity'] = parts;
  if (parts.length > 2 || first === '' || second === '') return undefined;
  const low = /^([[(]?)(\d.*)$/.exec(first);
  const high = /^(.*\d)([\])]?)$/.exec(second) ?? /^(infinity)([\])]?)$/.exec(second);
  const floor = low === null ? undefined : parseVersion(low[2] ?? '');
  const ceiling = high === null ? undefined : parseVersion(high[1] ?? '');
  if (floor === undefined || ceiling === undefined) return undefined;
  return { floor, floorIncluded: low?.[1] !== '(', ceiling, ceilingIncluded: high?.[2] === ']' };
}

/** Whether the version lies in the range; what cannot be read lies nowhere. */
export function isInRange(versionText: string, rangeText: string): boolean {
  const version = parseVersion(versionText);
  const range = parseVersionRange(rangeText);
  if (version === undefined || range === undefined) return false;
  const low = compare(version, range.floor);
  const high = compare(version, range.ceiling);
  return (range.floorIncluded ? low >= 0 : low > 0) && (range.ceilingIncluded ? high <= 0 : high < 0);
}

/** Whether the range has room for one version only, such as `[1.0.0,1.0.0]`. */
export function isSingleVersion(rangeText: string): boolean {
  const range = parseVersionRange(rangeText);
  return range !== undefined && compare(range.floor, range.ceiling) === 0;
}

function compare(left: Version, right: Version): number {
  if (left.infinite || right.infinite) return Number(left.infinite) - Number(right.infinite);
  for (const index of [0, 1, 2] as const) {
    const difference = left.parts[index] - right.parts[index];
    if (difference !== 0) return difference;
  }
  return 0;
}

function part(digits = '0'): number {
  const value = Number(digits);
  if (value > LARGEST_NUMBER) throw new NumberTooLarge(digits);
  return value;
}

/** Java's trim: everything up to the space character, controls included. */
function trimLikeJava(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: that is what Java trims
  return text.replace(/^[\u0000-\u0020]+|[\u0000-\u0020]+$/g, '');
}
