import { Defect } from './defects.ts';

/**
 * SQL LIKE: `%` any text, `_` any character, `\` takes the next one literally.
 *
 * @throws {Defect} when there is no next one
 */
export function isLike(text: string, pattern: string): boolean {
  let source = '';
  for (let index = 0; index < pattern.length; index += 1) {
    const character = pattern[index] ?? '';
    if (character === '%') source += '.*';
    else if (character === '_') source += '.';
    else if (character === '\\') {
      index += 1;
      if (index === pattern.length) throw new Defect('ERROR: LIKE pattern must not end with escape character');
      source += RegExp.escape(pattern[index] ?? '');
    } else source += RegExp.escape(character);
  }
  return new RegExp(`^${source}$`, 'su').test(text);
}

/** What the listings' filters do: LIKE where the value has a `%`, equality otherwise. No filter: everything passes. */
export function passesFilter(text: string | null, filter: string | undefined): boolean {
  if (filter === undefined) return true;
  if (text === null) return false;
  return filter.includes('%') ? isLike(text, filter) : text === filter;
}
