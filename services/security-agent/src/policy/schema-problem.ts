import type { ErrorObject } from 'ajv';
import type { ValuePath } from './document.ts';
import { API_VERSION } from './kinds.ts';
import { CAPABILITIES, PROTOCOLS } from './schema-sections.ts';
import { shownValue } from './shown-value.ts';
import { valueAt } from './value-path.ts';

/** One thing in a policy that KubeArmor's CRD rejects. */
export interface PolicyProblem {
  readonly path: ValuePath;
  readonly message: string;
  readonly fix: string;
}

/** An error of the schema in the words of the one who wrote the policy. */
export function explainSchemaError(error: ErrorObject, policy: unknown): PolicyProblem {
  const path = pointerPath(error.instancePath, policy);
  const at = path.at(-1) ?? 'the policy';
  const name = typeof at === 'number' ? `item ${at + 1} of ${path.at(-2) ?? 'the list'}` : at;
  const value = valueAt(policy, path);
  switch (error.keyword) {
    case 'required': {
      const missing = String(error.params.missingProperty);
      const place = path.length === 0 ? 'the policy' : name;
      return { path, message: `${place} lacks ${missing}`, fix: MISSING[missing] ?? `Add ${missing}.` };
    }
    case 'type':
      return typeProblem(path, name, value, String(error.params.type));
    case 'enum':
      return enumProblem(path, name, value, error.params.allowedValues);
    case 'const':
      return { path, message: `${name} is ${show(value)}`, fix: `Write ${String(error.params.allowedValue)}.` };
    case 'minimum':
    case 'maximum':
      return rangeProblem(path, name, value);
    case 'maxLength':
      return {
        path,
        message: `${name} is longer than ${error.params.limit} characters`,
        fix: 'Name a directory above it.',
      };
    case 'maxItems':
      return { path, message: `${name} has more than ${error.params.limit} items`, fix: 'Remove some.' };
    case 'pattern':
      return patternProblem(path, name, value);
    default:
      return { path, message: `${name} ${error.message ?? 'is wrong'}`, fix: 'See docs/lint.md.' };
  }
}

const MISSING: Readonly<Record<string, string>> = {
  apiVersion: `Add apiVersion: ${API_VERSION}.`,
  metadata: 'Add metadata with a name.',
  spec: 'Add spec: without it there is nothing to enforce.',
  nodeSelector: 'Add nodeSelector: { matchLabels: { kubearmor.io/hostname: "*" } } for every host.',
  fromSource: 'Name the programs it holds for: on a host this rule needs fromSource: [{ path: … }].',
  dir: 'Add dir: the directory, with its final slash.',
  path: 'Add path: the file.',
  pattern: 'Add pattern, or move the rule to matchPaths.',
};

function typeProblem(path: ValuePath, name: string, value: unknown, type: string): PolicyProblem {
  if (value === null) return { path, message: `${name} is empty`, fix: `Give it a value, or remove it.` };
  const number = typeof value === 'string' && type === 'integer' && /^-?\d+$/.test(value);
  return {
    path,
    message: `${name} is ${kindOf(value)}, not ${TYPES[type] ?? type}`,
    fix: number
      ? `Write ${value} without quotes.`
      : type === 'string'
        ? 'Put it in quotes.'
        : `Write ${TYPES[type] ?? type}.`,
  };
}

const TYPES: Readonly<Record<string, string>> = {
  array: 'a list',
  boolean: 'true or false',
  integer: 'a whole number',
  object: 'a map',
  string: 'a text',
};

function enumProblem(path: ValuePath, name: string, value: unknown, allowed: readonly unknown[]): PolicyProblem {
  const known = allowed.map(String);
  const meant = known.find((each) => each.toLowerCase() === shownValue(value).toLowerCase());
  const choice = known.length > 20 ? 'the names that the schema lists' : known.join(', ');
  return {
    path,
    message: `${name} is ${show(value)}, not one of ${choice}`,
    fix: meant === undefined ? `Use one of ${choice}.` : `Write ${meant}.`,
  };
}

function rangeProblem(path: ValuePath, name: string, value: unknown): PolicyProblem {
  const range = name === 'level' ? 'from 1' : name === 'endPort' ? '1 to 65535' : '1 to 10';
  return { path, message: `${name} is ${show(value)}; it goes ${range}`, fix: `Write a number ${range}.` };
}

/** The patterns of the CRDs by the field they stand at. */
function patternProblem(path: ValuePath, name: string, value: unknown): PolicyProblem {
  const text = shownValue(value);
  switch (path.at(-1)) {
    case 'dir':
      return {
        path,
        message: `${show(value)} is no directory: one begins and ends with a slash`,
        fix: text.startsWith('/') ? `Write ${text}/.` : `Write the whole path, with its final slash.`,
      };
    case 'path':
      return {
        path,
        message: `${show(value)} is no file: one begins with a slash and does not end with one`,
        fix:
          text.startsWith('/') && text.length > 1
            ? 'Move it to matchDirectories, or drop the final slash.'
            : 'Write the whole path.',
      };
    case 'execname':
      return { path, message: `${show(value)} is no file name: it has a slash`, fix: 'Use path, or the name alone.' };
    case 'capability':
      return {
        path,
        message: `${show(value)} is no capability as KubeArmor spells them`,
        fix: `Write lower case without CAP_, one of ${CAPABILITIES.join(', ')}.`,
      };
    case 'protocol':
      return { path, message: `${show(value)} is no protocol`, fix: `Use one of ${PROTOCOLS.join(', ')}.` };
    case 'name':
      return {
        path,
        message: `${show(value)} is no name of a policy`,
        fix: 'Use lower-case letters, digits, dashes and dots, a letter or digit at both ends.',
      };
    case 'limit':
      return { path, message: `${show(value)} is no quota`, fix: 'Write a number with KB, MB or GB.' };
    default:
      return { path, message: `${name} is ${show(value)}`, fix: 'See docs/lint.md.' };
  }
}

function kindOf(value: unknown): string {
  if (Array.isArray(value)) return 'a list';
  switch (typeof value) {
    case 'boolean':
      return `the truth value ${value}`;
    case 'number':
      return `the number ${value}`;
    case 'string':
      return `the text ${show(value)}`;
    default:
      return 'a map';
  }
}

function show(value: unknown): string {
  return typeof value === 'string' ? `"${shownValue(value)}"` : shownValue(value);
}

/** JSON pointer → path; a step is an index where the value has a list. */
function pointerPath(pointer: string, root: unknown): ValuePath {
  const path: (string | number)[] = [];
  for (const step of pointer.split('/').slice(1)) {
    const key = step.replaceAll('~1', '/').replaceAll('~0', '~');
    path.push(Array.isArray(valueAt(root, path)) ? Number(key) : key);
  }
  return path;
}
