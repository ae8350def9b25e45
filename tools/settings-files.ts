/** The two forms in which hzn keeps settings (reference/anax.md §3). Errors never quote them: they hold passwords. */
import { ArmorError } from '#errors';

/** A setting as a file gives it. */
export type SettingsFile = ReadonlyMap<string, string>;

/**
 * ~/.hzn/hzn.json: a JSON object of texts, with `MetadataVars` for what definitions may name. C comments are allowed.
 *
 * @throws ArmorError SETTING_MISSING with line and column when it is no such object
 */
export function parseHznJson(text: string, file: string): SettingsFile {
  const withoutComments = text.replace(/\/\*[\s\S]*?\*\//g, (comment) => comment.replace(/[^\n]/g, ' '));
  let value: unknown;
  try {
    value = JSON.parse(withoutComments);
  } catch (error) {
    throw unreadable(file, positionIn(withoutComments, error), 'this is not valid JSON');
  }
  if (!isRecord(value)) throw unreadable(file, {}, 'the settings are not a JSON object');
  const { MetadataVars: metadata, ...settings } = value;
  return new Map([...texts(isRecord(metadata) ? metadata : {}), ...texts(settings)]);
}

/**
 * /etc/default/horizon: `NAME=value` lines, `#` comments. hzn cuts a value at a second `=` and keeps quotes; a password
 * with `=` in it is then wrong. Here the value is the whole rest of the line, without a pair of quotes around it.
 */
export function parseDefaults(text: string): SettingsFile {
  const entries = text.split(/\r?\n/).flatMap((line): [string, string][] => {
    const equals = line.indexOf('=');
    if (/^\s*#/.test(line) || equals < 0) return [];
    const name = line
      .slice(0, equals)
      .trim()
      .replace(/^export\s+/, '');
    return name === '' ? [] : [[name, unquote(line.slice(equals + 1).trim())]];
  });
  return new Map(entries);
}

/** Names whose value hzn would read otherwise, because it cuts at a second `=`: for `doctor` to say. */
export function cutByHzn(settings: SettingsFile): string[] {
  return [...settings].filter(([, value]) => value.includes('=')).map(([name]) => name);
}

function texts(record: Readonly<Record<string, unknown>>): [string, string][] {
  return Object.entries(record).filter(
    (entry): entry is [string, string] => typeof entry[1] === 'string' && entry[1] !== '',
  );
}

function unquote(value: string): string {
  return /^"[^"]*"$|^'[^']*'$/.test(value) ? value.slice(1, -1) : value;
}

/** V8 says `… (line 3 column 5)`; the rest of its message quotes the file. */
function positionIn(text: string, error: unknown): { line?: number; column?: number } {
  const message = error instanceof Error ? error.message : '';
  const [, line, column] = /\(line (\d+) column (\d+)\)/.exec(message) ?? [];
  if (line !== undefined && column !== undefined) return { line: Number(line), column: Number(column) };
  return { line: text.split('\n').length };
}

function unreadable(file: string, position: { line?: number; column?: number }, message: string): ArmorError {
  return new ArmorError(
    'SETTING_MISSING',
    message,
    { file, ...position },
    'Correct the file, or set what you need in the environment.',
  );
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
