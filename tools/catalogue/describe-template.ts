import { frameworks } from '#policy/compliance.ts';
import { lintPolicy } from '#policy/lint/index.ts';
import { instantiate, type Template } from '#policy/template.ts';
import type { ParameterSchema } from '#policy/template-values.ts';
import type { SecurityPolicy } from '#policy/types.ts';
import type { CatalogueEntry } from './load-catalogue.ts';

/** A template as `template list --json` prints it. */
export interface TemplateLine {
  readonly id: string;
  readonly useCase: string;
  readonly kind: SecurityPolicy['kind'];
  readonly summary: string;
  /** What it does unless told otherwise: its `action` parameter's default, or the action that its policy states. */
  readonly action: string;
  /** Parameters that must be given. */
  readonly required: readonly string[];
  /** Part of it works under BPF-LSM only; under AppArmor that part is idle. */
  readonly bpfOnly: boolean;
  readonly compliance: readonly { readonly framework: string; readonly id: string }[];
  readonly file: string;
}

export function describeTemplate(entry: CatalogueEntry): TemplateLine {
  const { id, useCase, kind, summary, compliance, parameters, file } = entry.template;
  return {
    id,
    useCase,
    kind,
    summary,
    action: defaultAction(entry),
    required: Object.entries(parameters).flatMap(([name, schema]) => (schema.default === undefined ? [name] : [])),
    bpfOnly: needsBpf(entry),
    compliance: compliance.map(({ framework, id: of }) => ({ framework, id: of })),
    file,
  };
}

/** The policy of a template with its defaults; what has none gets the values of the template's tests. */
export function samplePolicy({ template, tests }: CatalogueEntry): SecurityPolicy {
  return instantiate(template, tests.with, { file: tests.file });
}

/** `Block`, or `Audit (refused, pip)`-like lists are kept out: the one action that most of it has. */
function defaultAction(entry: CatalogueEntry): string {
  const parameter = entry.template.parameters.action?.default;
  return typeof parameter === 'string' ? parameter : (samplePolicy(entry).spec.action ?? 'Block');
}

function needsBpf(entry: CatalogueEntry): boolean {
  const policy = samplePolicy(entry);
  const under = (enforcer: 'bpf' | 'apparmor') => lintPolicy(policy, { enforcer }).length;
  return under('apparmor') > under('bpf');
}

/** What a parameter takes, in words. */
export function typeOf({ type, format, items, enum: choices }: ParameterSchema): string {
  if (choices !== undefined) return choices.join(' or ');
  if (type !== 'array') return format ?? type;
  return `list of ${plural(items?.format ?? items?.enum?.join(', ') ?? items?.type ?? 'values')}`;
}

function plural(noun: string): string {
  return noun.endsWith('y') ? `${noun.slice(0, -1)}ies` : noun.includes(',') ? noun : `${noun}s`;
}

/** Compliance ids by framework, in the order in which documents list frameworks. */
export function complianceByFramework({ compliance }: Pick<Template, 'compliance'>): [string, string[]][] {
  return frameworks.flatMap(({ framework }): [string, string[]][] => {
    const ids = compliance.filter((entry) => entry.framework === framework).map(({ id }) => id);
    return ids.length === 0 ? [] : [[framework, ids]];
  });
}
