import { Ajv } from 'ajv';
import { ArmorError, ArmorErrors } from '#errors';
import { lazy } from '#policy/lazy.ts';
import { parseLocatedYaml, type YamlPath } from '#policy/located-yaml.ts';
import type { Values } from '#policy/template-values.ts';
import { schemaProblems } from '#tools/bundle/schema-problem.ts';
import testsSchema from '#tools/schemas/template-tests.schema.json' with { type: 'json' };

/** What happens in a case: exactly one kind of access, and who does it. `by` is the parent of an `exec`. */
export interface CaseEvent {
  readonly by: string;
  readonly tty?: string;
  readonly exec?: string;
  readonly args?: readonly string[];
  readonly read?: string;
  readonly write?: string;
  /** A path that is changed without being opened, by the LSM hook `hook`. */
  readonly change?: string;
  readonly hook?: 'chmod' | 'link' | 'mkdir' | 'mknod' | 'rename' | 'rmdir' | 'symlink' | 'truncate' | 'unlink';
  readonly socket?: 'tcp' | 'udp' | 'raw' | 'icmp' | 'netlink' | 'unix';
  readonly query?: string;
  readonly capability?: string;
  readonly syscall?: string;
}

/** An attack that must be noticed as `expect` says, or an everyday use of the same thing that must pass in silence. */
export interface TemplateCase extends CaseEvent {
  readonly name: string;
  readonly kind: 'attack' | 'everyday';
  readonly with: Values;
  /** The part of `with` that this case alone has. */
  readonly ownValues: Values;
  readonly expect: 'Audit' | 'Block' | 'nothing';
  readonly line: number;
}

export interface TemplateTests {
  readonly file: string;
  /** Values for every case; a template with required parameters can not be tested without. */
  readonly with: Values;
  readonly cases: readonly TemplateCase[];
}

interface TestsFile {
  readonly with?: Values;
  readonly cases: readonly (CaseEvent & {
    readonly attack?: string;
    readonly everyday?: string;
    readonly with?: Values;
    readonly expect?: 'Audit' | 'Block';
  })[];
}

const validator = lazy(() =>
  new Ajv({ allErrors: true, verbose: true, strict: true, strictRequired: false }).compile<TestsFile>(testsSchema),
);

/**
 * Reads the tests of a template (services/kubearmor/hardening/tests/<id>.yaml).
 *
 * @throws ArmorErrors SOURCE_INVALID with line and column of every fault
 */
export function parseTemplateTests(text: string, file: string): TemplateTests {
  const source = parseLocatedYaml(text, file);
  const isTestsFile = validator();
  const { value } = source;
  if (!isTestsFile(value)) {
    const [first, ...rest] = schemaProblems(isTestsFile.errors ?? [], source, file);
    const fallback = new ArmorError('SOURCE_INVALID', 'no tests', { file }, 'See docs/templates.md.');
    throw new ArmorErrors([first ?? fallback, ...rest]);
  }
  const shared = value.with ?? {};
  const lineOf = (path: YamlPath) => source.locate(path).line;
  return {
    file,
    with: shared,
    cases: value.cases.map(({ attack, everyday, with: own, expect, ...event }, index) => ({
      ...event,
      name: attack ?? everyday ?? '',
      kind: attack === undefined ? 'everyday' : 'attack',
      with: { ...shared, ...own },
      ownValues: own ?? {},
      expect: expect ?? 'nothing',
      line: lineOf(['cases', index]),
    })),
  };
}
