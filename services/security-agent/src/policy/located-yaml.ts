import { ArmorError, ArmorErrors } from '#errors';
import { type Position, parseText, type ValuePath } from './document.ts';

export type YamlPath = ValuePath;

/** A YAML file of one document as data, and where in the file each path of the data stands. */
export interface LocatedYaml {
  readonly value: unknown;
  /** The position of the value at `path`; the nearest parent's when there is none. */
  locate(path: YamlPath): Position;
  /** The position of the last key of `path` itself, for a key that should not be there. */
  locateKey(path: YamlPath): Position;
}

/**
 * Reads a file of one YAML document; size, depth and alias expansion are limited (document.ts).
 *
 * @throws ArmorErrors SOURCE_INVALID for every fault, with line and column
 */
export function parseLocatedYaml(text: string, file: string): LocatedYaml {
  const [document, second] = parseText(text).documents;
  const problems = (document?.problems ?? []).map(
    ({ message, fix, at }) => new ArmorError('SOURCE_INVALID', message, { file, ...at }, fix),
  );
  if (second !== undefined) {
    const fix = 'Put each document into a file of its own.';
    problems.push(new ArmorError('SOURCE_INVALID', 'a second document', { file, ...second.positionOf([]) }, fix));
  }
  const [first, ...rest] = problems;
  if (first !== undefined) throw new ArmorErrors([first, ...rest]);
  const start: Position = { line: 1, column: 1 };
  return {
    value: document?.value ?? null,
    locate: (path) => document?.positionOf(path) ?? start,
    locateKey: (path) => document?.keyPositionOf(path) ?? start,
  };
}
