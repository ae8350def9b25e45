import { Ajv, type ErrorObject } from 'ajv';
import { ArmorError, ArmorErrors, type Where } from '#errors';
import { complianceProblem, complianceTag } from './compliance.ts';
import { didYouMean } from './did-you-mean.ts';
import { type LocatedYaml, parseLocatedYaml, type YamlPath } from './located-yaml.ts';
import type { ComplianceId } from './payload.ts';
import { templateSchema } from './template-schema.ts';
import { placeholders, substitute } from './template-substitute.ts';
import {
  defaultProblem,
  NAME_PARAMETER,
  type Parameters,
  resolveValues,
  type ValueLocation,
  type Values,
} from './template-values.ts';
import type { SecurityPolicy } from './types.ts';

/** A hardening template: what it is for, what may be set, and the policy with its placeholders (docs/templates.md). */
export interface Template extends TemplateHeader {
  readonly file: string;
  readonly kind: SecurityPolicy['kind'];
  /** apiVersion, kind, metadata and spec as written, placeholders included. */
  readonly policy: Readonly<Record<string, unknown>>;
}

export interface TemplateHeader {
  readonly id: string;
  readonly useCase: string;
  readonly summary: string;
  readonly description?: string;
  readonly limits?: readonly string[];
  readonly parameters: Parameters;
  readonly compliance: readonly ComplianceId[];
  readonly references: readonly { readonly title: string; readonly url: string }[];
}

interface TemplateFile {
  readonly template: TemplateHeader;
  readonly apiVersion: string;
  readonly kind: SecurityPolicy['kind'];
  readonly metadata: { readonly name: string };
  readonly spec: Readonly<Record<string, unknown>>;
}

const isTemplateFile = new Ajv({ allErrors: true, strict: true, allowUnionTypes: true }).compile<TemplateFile>(
  templateSchema,
);

/**
 * Reads a template file.
 *
 * @param file named in errors
 * @throws ArmorErrors SOURCE_INVALID, one for each fault, with line and column
 */
export function parseTemplate(text: string, file: string): Template {
  const source = parseLocatedYaml(text, file);
  const { value } = source;
  if (!isTemplateFile(value)) throw schemaErrors(isTemplateFile.errors ?? [], source, file);
  const problems = [
    ...identityProblems(value, file),
    ...parameterProblems(value),
    ...placeholderProblems(value),
    ...complianceProblems(value.template),
  ].map(({ path, message, fix }) => new ArmorError('SOURCE_INVALID', message, { file, ...source.locate(path) }, fix));
  const [first, ...rest] = problems;
  if (first !== undefined) throw new ArmorErrors([first, ...rest]);
  const { template, ...policy } = value;
  return { ...template, file, kind: value.kind, policy };
}

/**
 * The policy that a template makes of the given values.
 *
 * @param values what a deployer wrote under `with:`
 * @param where where the values stand, for errors
 * @throws ArmorErrors SOURCE_INVALID for each unknown, missing or wrong value
 */
export function instantiate(template: Template, values: Values, where: ValueLocation): SecurityPolicy {
  const resolved = resolveValues(template.id, template.parameters, values, where);
  const policy = substitute(template.policy, resolved);
  if (!isPolicy(policy)) {
    throw new ArmorError(
      'SOURCE_INVALID',
      `template ${template.id} with these values protects nothing`,
      whole(where),
      'Every list it was given is empty; name at least one item, or leave the parameters at their defaults.',
    );
  }
  const name = resolved[NAME_PARAMETER];
  const metadata = { ...policy.metadata, name: typeof name === 'string' ? name : template.id };
  const tags = [...(policy.spec.tags ?? []), ...template.compliance.map(complianceTag)];
  return policy.kind === 'KubeArmorPolicy'
    ? { ...policy, metadata, spec: { ...policy.spec, tags } }
    : { ...policy, metadata, spec: { ...policy.spec, tags } };
}

interface Problem {
  readonly path: YamlPath;
  readonly message: string;
  readonly fix: string;
}

function identityProblems({ template, metadata }: TemplateFile, file: string): Problem[] {
  const stem = file
    .split(/[\\/]/)
    .at(-1)
    ?.replace(/\.ya?ml$/, '');
  return [
    ...(template.id === stem
      ? []
      : [
          {
            path: ['template', 'id'],
            message: `the id is ${template.id}, the file ${stem}`,
            fix: 'Make them the same.',
          },
        ]),
    ...(metadata.name === template.id
      ? []
      : [
          {
            path: ['metadata', 'name'],
            message: `the policy is called ${metadata.name}`,
            fix: `Write "${template.id}".`,
          },
        ]),
  ];
}

function parameterProblems({ template }: TemplateFile): Problem[] {
  return Object.entries(template.parameters).flatMap(([name, schema]) => {
    const path = ['template', 'parameters', name];
    const problem = defaultProblem(name, schema);
    return [
      ...(problem === undefined ? [] : [{ path, message: problem, fix: 'Make the default fit its own schema.' }]),
      ...(schema.type !== 'array' || schema.items !== undefined
        ? []
        : [{ path, message: `the list ${name} does not say what is in it`, fix: 'Add items: { type: string }.' }]),
    ];
  });
}

function placeholderProblems({ template, spec }: TemplateFile): Problem[] {
  const known = Object.keys(template.parameters);
  const used = placeholders(spec);
  return [
    ...used.flatMap(({ name, each, path, badEach }): Problem[] => {
      const at = ['spec', ...path];
      const schema = template.parameters[name];
      if (schema === undefined) {
        return [
          {
            path: at,
            message: `no parameter "${name}"`,
            fix: `${didYouMean(name, known)}Declare it, or use one that is.`,
          },
        ];
      }
      if (badEach !== undefined) return [{ path: at, message: badEach, fix: 'Put it into an item of a list.' }];
      return each && schema.type !== 'array'
        ? [{ path: at, message: `${name} is no list`, fix: `Write $${name}.` }]
        : [];
    }),
    ...strayDollars(spec).map((path) => ({
      path: ['spec', ...path],
      message: 'a placeholder inside a text is not replaced',
      fix: 'Let the whole value be a placeholder; $name and $each(name) are the forms.',
    })),
    ...known
      .filter((name) => !used.some((placeholder) => placeholder.name === name))
      .map((name) => ({
        path: ['template', 'parameters', name],
        message: `the parameter ${name} is not used`,
        fix: 'Remove it, or use it in the policy.',
      })),
  ];
}

/** Scalars that contain a dollar sign and are no placeholder. */
function strayDollars(spec: unknown, path: YamlPath = []): YamlPath[] {
  if (typeof spec === 'string') return spec.includes('$') && placeholders(spec).length === 0 ? [path] : [];
  if (typeof spec !== 'object' || spec === null) return [];
  return Object.entries(spec).flatMap(([key, child]) =>
    strayDollars(child, [...path, Array.isArray(spec) ? Number(key) : key]),
  );
}

function complianceProblems({ compliance }: TemplateHeader): Problem[] {
  return compliance.flatMap((entry, index) => {
    const problem = complianceProblem(entry);
    return problem === undefined ? [] : [{ path: ['template', 'compliance', index], ...problem }];
  });
}

function schemaErrors(errors: readonly ErrorObject[], source: LocatedYaml, file: string): ArmorErrors {
  const problems = errors.map((error) => {
    const path = error.instancePath.split('/').slice(1).map(pointerStep);
    const { message, fix } = schemaProblem(error, path);
    const position =
      error.keyword === 'additionalProperties'
        ? source.locateKey([...path, String(error.params.additionalProperty)])
        : source.locate(path);
    return new ArmorError('SOURCE_INVALID', message, { file, ...position }, fix);
  });
  const [first, ...rest] = problems;
  const fallback = new ArmorError('SOURCE_INVALID', 'not a template', { file }, 'See docs/templates.md.');
  return new ArmorErrors([first ?? fallback, ...rest]);
}

function schemaProblem({ keyword, params, message }: ErrorObject, path: YamlPath): { message: string; fix: string } {
  const place = path.length === 0 ? 'the file' : path.join('.');
  switch (keyword) {
    case 'required':
      return {
        message: `${place} lacks "${params.missingProperty}"`,
        fix: 'Add it; docs/templates.md shows a whole file.',
      };
    case 'additionalProperties':
      return {
        message: `${place} has an unknown key "${params.additionalProperty}"`,
        fix: 'Remove it, or mend its name.',
      };
    case 'enum':
      return { message: `${place} is none of ${params.allowedValues.join(', ')}`, fix: 'Use one of them.' };
    default:
      return { message: `${place} ${message ?? keyword}`, fix: 'docs/templates.md says what belongs here.' };
  }
}

/** JSON pointer step → key or index. */
function pointerStep(step: string): string | number {
  return /^\d+$/.test(step) ? Number(step) : step.replaceAll('~1', '/').replaceAll('~0', '~');
}

const SECTIONS = ['process', 'file', 'network', 'capabilities', 'syscalls', 'presets', 'device'] as const;

/** Sections without rules are gone by now (template-substitute.ts): one that is left has something to say. */
function isPolicy(value: unknown): value is SecurityPolicy {
  if (typeof value !== 'object' || value === null || !('spec' in value)) return false;
  const { spec } = value;
  return typeof spec === 'object' && spec !== null && SECTIONS.some((section) => section in spec);
}

function whole(where: ValueLocation): Where {
  return typeof where === 'function' ? where([]) : where;
}
