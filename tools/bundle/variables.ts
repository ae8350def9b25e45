import { ArmorError } from '#errors';
import { didYouMean } from '#policy/did-you-mean.ts';
import type { YamlPath } from '#policy/located-yaml.ts';

/**
 * `${NAME}` in the values of a source. Values are resolved after parsing, so what a variable holds can never change the
 * structure of a document; a resolved value is always text. `$${` stands for a literal `${`; any other `$` is itself.
 */
export type Variables = ReadonlyMap<string, string>;

/**
 * YAML reads the braces of an unquoted `${NAME}` inside `{ }` or `[ ]` as its own. They are exchanged for characters of
 * the private use area, one for one, so that every position in the file stays what it was.
 */
const OPEN = '\uE000';
const CLOSE = '\uE001';
const REFERENCE = /\$\{([A-Za-z_][A-Za-z0-9_]*)\}/g;

/** In a parsed text: a reference, perhaps escaped by a second `$`, or something that looks like one. */
const MASKED = /\$(\$?)(?:\uE000([A-Za-z0-9_]+)\uE001|\{([^}]*)(\}?))/g;

/** What the hub asks for must not be copied into what the hub shows to everybody. */
const CREDENTIALS = new Set(['HZN_EXCHANGE_USER_AUTH', 'HZN_EXCHANGE_NODE_AUTH', 'HZN_DEVICE_TOKEN']);

/** The text for the YAML parser. */
export function maskVariables(text: string): string {
  return text.replace(REFERENCE, `$${OPEN}$1${CLOSE}`);
}

/** Where a source says what, for errors. */
interface Place {
  readonly file: string;
  locate(path: YamlPath): { readonly line: number; readonly column: number };
}

/** The value with every variable replaced, and what could not be. */
export function resolveVariables(
  value: unknown,
  variables: Variables,
  place: Place,
): { readonly value: unknown; readonly problems: readonly ArmorError[] } {
  const problems: ArmorError[] = [];
  const fail = (path: YamlPath, message: string, fix: string): void => {
    problems.push(new ArmorError('SOURCE_INVALID', message, { file: place.file, ...place.locate(path) }, fix));
  };
  const walk = (node: unknown, path: YamlPath): unknown => {
    if (typeof node === 'string') return resolveText(node, variables, (message, fix) => fail(path, message, fix));
    if (Array.isArray(node)) return node.map((child, index) => walk(child, [...path, index]));
    if (typeof node !== 'object' || node === null) return node;
    return Object.fromEntries(
      Object.entries(node).map(([key, child]) => {
        if (key.includes(OPEN)) fail([...path, key], `a variable in the key "${unmask(key)}"`, 'Write the key out.');
        return [key, walk(child, [...path, key])];
      }),
    );
  };
  return { value: walk(value, []), problems };
}

function resolveText(text: string, variables: Variables, fail: (message: string, fix: string) => void): string {
  if (!text.includes('$')) return text;
  const replace = (whole: string, doubled: string, name: string | undefined, rest: string, end: string): string => {
    if (doubled !== '') return unmask(whole.slice(1));
    if (name === undefined) {
      fail(`"\${${rest}${end}" names no variable`, `Write \${NAME}; $\${ stands for a literal \${.`);
      return whole;
    }
    const value = CREDENTIALS.has(name) ? undefined : variables.get(name);
    if (value === undefined) fail(...undefinedVariable(name, variables));
    return value ?? whole;
  };
  return text.replace(MASKED, replace);
}

function undefinedVariable(name: string, variables: Variables): [message: string, fix: string] {
  if (CREDENTIALS.has(name))
    return [`\${${name}} is a credential`, 'Credentials do not belong into a bundle; remove it.'];
  const fix = `${didYouMean(name, [...variables.keys()])}Set it in the environment or under variables in horizon-armor.yaml.`;
  return [`\${${name}} is not defined`, fix];
}

function unmask(text: string): string {
  return text.replaceAll(OPEN, '{').replaceAll(CLOSE, '}');
}
