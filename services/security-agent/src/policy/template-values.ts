import { Ajv, type ErrorObject } from 'ajv';
import { ArmorError, ArmorErrors, type Where } from '#errors';
import { didYouMean } from './did-you-mean.ts';
import { formats } from './template-formats.ts';

/** One parameter of a template: the part of JSON Schema that templates need. No `default` makes it required. */
export interface ParameterSchema {
  readonly type: 'string' | 'integer' | 'boolean' | 'array';
  readonly description: string;
  readonly default?: unknown;
  readonly enum?: readonly (string | number)[];
  readonly format?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly uniqueItems?: boolean;
  readonly items?: {
    readonly type: 'string' | 'integer';
    readonly enum?: readonly (string | number)[];
    readonly format?: string;
  };
}

export type Parameters = Readonly<Record<string, ParameterSchema>>;
export type Values = Readonly<Record<string, unknown>>;

/** Where the values stand: one place, or the place of each path below them (`['directories', 0]`). */
export type ValueLocation = Where | ((path: readonly (string | number)[]) => Where);

/** Every template has this one: the same template may then be attached twice at one point. */
export const NAME_PARAMETER = 'name';
const NAME_SCHEMA: ParameterSchema = {
  type: 'string',
  format: 'policy-name',
  description: 'Name of the resulting policy; another layer overrides a policy by using its name.',
};

/**
 * What a template's placeholders stand for: the given values over the defaults.
 *
 * @throws ArmorErrors naming every value that is unknown, missing, of the wrong type or against its schema
 */
export function resolveValues(template: string, parameters: Parameters, given: Values, where: ValueLocation): Values {
  const all: Parameters = { ...parameters, [NAME_PARAMETER]: NAME_SCHEMA };
  const problems = [
    ...unknownNames(template, all, given, where),
    ...missing(template, parameters, given, where),
    ...Object.entries(all).flatMap(([name, schema]) =>
      name in given ? violations(template, name, schema, given[name], where) : [],
    ),
  ];
  const [first, ...rest] = problems;
  if (first !== undefined) throw new ArmorErrors([first, ...rest]);
  const defaults = Object.entries(parameters).map(([name, schema]) => [name, schema.default] as const);
  return { ...Object.fromEntries(defaults), ...given };
}

/** What is wrong with the default of a parameter, as one sentence; undefined when nothing is. */
export function defaultProblem(name: string, schema: ParameterSchema): string | undefined {
  if (schema.default === undefined) return undefined;
  const [error] = violationsOf(schema, schema.default);
  return error === undefined ? undefined : `the default of ${name}${describe(error, schema.default).message}`;
}

function unknownNames(template: string, parameters: Parameters, given: Values, where: ValueLocation): ArmorError[] {
  const known = Object.keys(parameters);
  return Object.keys(given)
    .filter((name) => !known.includes(name))
    .map((name) =>
      invalid(
        `template ${template} has no parameter "${name}"`,
        at(where, [name]),
        `${didYouMean(name, known)}It takes ${known.join(', ')}.`,
      ),
    );
}

function missing(template: string, parameters: Parameters, given: Values, where: ValueLocation): ArmorError[] {
  return Object.entries(parameters)
    .filter(([name, schema]) => schema.default === undefined && given[name] === undefined)
    .map(([name, schema]) =>
      invalid(
        `template ${template} needs the parameter "${name}"`,
        at(where, []),
        `Give it under with: ${name} (${typeText(schema)}): ${schema.description}`,
      ),
    );
}

function violations(
  template: string,
  name: string,
  schema: ParameterSchema,
  value: unknown,
  where: ValueLocation,
): ArmorError[] {
  return violationsOf(schema, value).map((error) => {
    const path = [name, ...pointerPath(error)];
    const { message, fix } = describe(error, value);
    return invalid(`${path.join('.')} of template ${template}${message}`, at(where, path), fix);
  });
}

// Compiled once: the ajv instance is only there for templates, and formats are ours alone.
const ajv = new Ajv({ allErrors: true, strict: true, strictTypes: false });
for (const [name, format] of Object.entries(formats)) {
  ajv.addFormat(name, { type: 'string', validate: (text: string) => format.problem(text) === undefined });
}

function violationsOf(schema: ParameterSchema, value: unknown): readonly ErrorObject[] {
  const validate = ajv.compile(schema);
  return validate(value) ? [] : (validate.errors ?? []);
}

function describe(error: ErrorObject, root: unknown): { readonly message: string; readonly fix: string } {
  const value = JSON.stringify(valueAt(root, pointerPath(error)));
  const { keyword, params } = error;
  switch (keyword) {
    case 'type':
      return {
        message: ` is ${value}, not ${article(String(params.type))}`,
        fix: `Write ${article(String(params.type))}.`,
      };
    case 'enum': {
      const allowed = (params.allowedValues as readonly unknown[]).map(String);
      return { message: ` is ${value}`, fix: `${didYouMean(value, allowed)}Use one of ${allowed.join(', ')}.` };
    }
    case 'format': {
      const problem = formats[String(params.format)]?.problem(String(valueAt(root, pointerPath(error))));
      return { message: ` is ${value}: ${problem?.reason ?? 'not of its format'}`, fix: problem?.fix ?? '' };
    }
    case 'uniqueItems':
      return { message: ` has item ${Math.max(params.i, params.j) + 1} twice`, fix: 'Remove one of them.' };
    default:
      return { message: ` is ${value}: ${error.message ?? keyword}`, fix: 'Choose a value within the limits.' };
  }
}

function typeText(schema: ParameterSchema): string {
  return schema.enum === undefined ? article(schema.type) : `one of ${schema.enum.join(', ')}`;
}

function article(type: string): string {
  return type === 'array' ? 'a list' : type === 'integer' ? 'an integer' : `a ${type}`;
}

function pointerPath(error: ErrorObject): (string | number)[] {
  return error.instancePath
    .split('/')
    .slice(1)
    .map((part) => (/^\d+$/.test(part) ? Number(part) : part));
}

function valueAt(root: unknown, path: readonly (string | number)[]): unknown {
  return path.reduce<unknown>(
    (value, key) => (Array.isArray(value) && typeof key === 'number' ? value[key] : undefined),
    root,
  );
}

function at(where: ValueLocation, path: readonly (string | number)[]): Where {
  return typeof where === 'function' ? where(path) : where;
}

function invalid(message: string, where: Where, fix: string): ArmorError {
  return new ArmorError('SOURCE_INVALID', message, where, fix);
}
