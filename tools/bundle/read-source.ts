import { ArmorError, ArmorErrors } from '#errors';
import { type LocatedYaml, parseLocatedYaml } from '#policy/located-yaml.ts';
import { schemaProblems } from './schema-problem.ts';
import type { SourceRecorder } from './source-record.ts';
import { readSourceText } from './source-text.ts';
import type { Source } from './types.ts';
import { type SourceKind, type SourceKinds, validatorOf } from './validators.ts';
import { maskVariables, resolveVariables, type Variables } from './variables.ts';

/**
 * Reads one source: text, YAML, variables, schema.
 *
 * @param root the bundle's directory, as `realpath` gives it
 * @param file relative to it
 * @param recorder notes what was read
 * @throws ArmorError or ArmorErrors SOURCE_MISSING, SOURCE_INVALID: everything that is wrong with this file
 */
export async function readSource<Kind extends SourceKind>(
  root: string,
  file: string,
  kind: Kind,
  variables: Variables,
  recorder?: SourceRecorder,
): Promise<Source<SourceKinds[Kind]>> {
  return checkSource(await readYaml(root, file, variables, recorder), file, kind);
}

/** YAML as data with its variables resolved, not yet validated. */
export async function readYaml(
  root: string,
  file: string,
  variables: Variables,
  recorder?: SourceRecorder,
): Promise<LocatedYaml> {
  const text = await readSourceText(root, file, recorder);
  const parsed = parse(maskVariables(text), file);
  const { value, problems } = resolveVariables(parsed.value, variables, { file, locate: parsed.locate });
  const [first, ...rest] = problems;
  if (first !== undefined) throw new ArmorErrors([first, ...rest]);
  return { ...parsed, value };
}

/** The source as its kind's type, when it holds to the schema. @throws ArmorErrors SOURCE_INVALID */
function checkSource<Kind extends SourceKind>(yaml: LocatedYaml, file: string, kind: Kind): Source<SourceKinds[Kind]> {
  const validate = validatorOf(kind);
  const { value, locate } = yaml;
  if (validate(value)) return { file, value, locate };
  const [first, ...rest] = schemaProblems(validate.errors ?? [], yaml, file);
  throw new ArmorErrors([first ?? unexplained(file), ...rest]);
}

/** Deep flow nesting ends the parser's recursion, not ours to report as a fault of the program. */
function parse(text: string, file: string): LocatedYaml {
  try {
    return parseLocatedYaml(text, file);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new ArmorError('SOURCE_INVALID', 'nested too deeply', { file }, 'Unfold it.', { cause: error });
  }
}

function unexplained(file: string): ArmorError {
  return new ArmorError('SOURCE_INVALID', 'does not hold to its schema', { file }, 'See docs/sources.md.');
}
