import { shortened } from '#policy/shown-value.ts';
import { isVersion } from '#policy/version-range.ts';

/** Why agent and agbot would refuse a property; the Exchange takes any (reference/anax.md §6.6, §10). */
export interface PropertyProblem {
  readonly message: string;
  readonly fix: string;
}

/** What is wrong with one entry of `properties`; undefined when nothing is. */
export function propertyProblem({
  name,
  value,
  type,
}: {
  readonly name: string;
  readonly value: unknown;
  readonly type?: string | undefined;
}): PropertyProblem | undefined {
  if (Array.isArray(value))
    return {
      message: `the value of ${name} is a YAML list, which the agbot refuses`,
      fix: value.every(isScalar)
        ? `Write it as one text with commas: { name: ${name}, value: ${quoted(value.join(','))}, type: list of strings }.`
        : 'Write one text with commas, and type: list of strings.',
    };
  const isTruth = typeof value === 'boolean' || value === 'true' || value === 'false';
  if (name === 'openhorizon.allowPrivileged' && !isTruth)
    return { message: `${name} has to be true or false`, fix: 'Write true or false.' };
  const wanted = type ?? inferred(value);
  if (matches(value, wanted)) return undefined;
  return {
    message: `${name} is ${quoted(value)}, which is no ${wanted}`,
    fix: 'Correct the value, or its type.',
  };
}

function isScalar(value: unknown): boolean {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean';
}

/** On one line, and not without end. */
function quoted(value: unknown): string {
  return shortened(JSON.stringify(value) ?? 'nothing', 200);
}

function inferred(value: unknown): string {
  if (typeof value === 'boolean') return 'boolean';
  return typeof value === 'number' ? 'float' : 'string';
}

function matches(value: unknown, type: string): boolean {
  switch (type) {
    case 'boolean':
      return typeof value === 'boolean';
    case 'int':
      return typeof value === 'number' && Number.isInteger(value);
    case 'float':
      return typeof value === 'number';
    case 'version':
      // Stricter than elsewhere: no leading zeros, no pre-release.
      return typeof value === 'string' && isVersion(value) && !/(?:^|\.)0\d|-/.test(value);
    case 'string':
    case 'list of strings':
      return typeof value === 'string';
    default:
      return false;
  }
}
