import type { ErrorObject } from 'ajv';
import { ArmorError } from '#errors';
import { didYouMean } from '#policy/did-you-mean.ts';
import type { LocatedYaml, YamlPath } from '#policy/located-yaml.ts';
import common from '#tools/schemas/common.schema.json' with { type: 'json' };

/** What ajv found in a source, in a deployer's words, at its place in the file. */
export function schemaProblems(errors: readonly ErrorObject[], source: LocatedYaml, file: string): ArmorError[] {
  return errors.filter(tellsSomething).map((error) => {
    const path = pathOf(error);
    const { message, fix, key } = describe(error, path);
    const position = key === undefined ? source.locate(path) : source.locateKey([...path, key]);
    return new ArmorError('SOURCE_INVALID', message, { file, ...position }, fix);
  });
}

/** `if` only says that its `then` failed; a bad key is reported by `propertyNames` and by what it broke: once is enough. */
function tellsSomething(error: ErrorObject): boolean {
  return error.keyword !== 'if' && (error.propertyName === undefined || error.keyword === 'propertyNames');
}

interface Description {
  readonly message: string;
  readonly fix: string;
  /** The key at fault, where it is not the value. */
  readonly key?: string;
}

function describe(error: ErrorObject, path: YamlPath): Description {
  const place = path.length === 0 ? 'the file' : path.join('.');
  const { keyword, params, data, parentSchema } = error;
  const says = descriptionOf(parentSchema) ?? 'docs/sources.md says what belongs here.';
  switch (keyword) {
    case 'additionalProperties': {
      const known = Object.keys(parentSchema?.properties ?? {});
      const key = String(params.additionalProperty);
      return {
        key,
        message: `${place} has an unknown key "${key}"`,
        fix: `${didYouMean(key, known)}Known here: ${known.join(', ')}.`,
      };
    }
    case 'propertyNames':
      return {
        key: String(params.propertyName),
        message: `"${params.propertyName}" can not be a key of ${place}`,
        fix: says,
      };
    case 'required': {
      const missing = String(params.missingProperty);
      const wanted = descriptionOf(parentSchema?.properties?.[missing]);
      return { message: `${place} lacks "${missing}"`, fix: wanted === undefined ? 'Add it.' : `Add it: ${wanted}` };
    }
    case 'type':
      return {
        message: `${place} must be ${anyOf(params.type)}, but is ${kindOf(data)}`,
        fix: typeFix(data, params.type, says),
      };
    case 'enum': {
      const allowed = params.allowedValues.map(String);
      return {
        message: `${place} is ${JSON.stringify(data)}`,
        fix: `${didYouMean(String(data), allowed)}One of: ${allowed.join(', ')}.`,
      };
    }
    case 'pattern':
      return { message: `${place} can not be ${JSON.stringify(data)}`, fix: says };
    default:
      return { message: `${place} ${error.message ?? keyword}`, fix: says };
  }
}

function typeFix(data: unknown, wanted: unknown, says: string): string {
  const wantsText = wanted === 'string' || (Array.isArray(wanted) && wanted.includes('string'));
  if (data === null) return 'Give it a value, or remove the key.';
  if (wantsText && (typeof data === 'number' || typeof data === 'boolean')) return `Put it in quotes: "${data}".`;
  return says;
}

function anyOf(types: unknown): string {
  return (Array.isArray(types) ? types : [types]).map(article).join(' or ');
}

function article(type: unknown): string {
  switch (type) {
    case 'array':
      return 'a list';
    case 'object':
      return 'a map of keys and values';
    case 'integer':
      return 'a whole number';
    case 'boolean':
      return 'true or false';
    case 'string':
      return 'a text';
    default:
      return `a ${String(type)}`;
  }
}

function kindOf(data: unknown): string {
  if (data === null) return 'empty';
  if (Array.isArray(data)) return 'a list';
  if (typeof data === 'object') return 'a map';
  return `the ${typeof data === 'string' ? 'text' : typeof data} ${JSON.stringify(data)}`;
}

/** JSON pointer → keys and indices; a list's index is a number, a map's key never is. */
function pathOf({ instancePath }: ErrorObject): (string | number)[] {
  return instancePath
    .split('/')
    .slice(1)
    .map((step) => (/^\d+$/.test(step) ? Number(step) : step.replaceAll('~1', '/').replaceAll('~0', '~')));
}

/** What a schema says of its value, or the shared definition that it refers to. */
function descriptionOf(schema: unknown): string | undefined {
  if (!isRecord(schema)) return undefined;
  if (typeof schema.description === 'string') return schema.description;
  if (typeof schema.$ref !== 'string') return undefined;
  const definitions: Readonly<Record<string, object>> = common.definitions;
  return descriptionOf(definitions[schema.$ref.split('/').at(-1) ?? '']);
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}
