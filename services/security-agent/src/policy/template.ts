import { Ajv, type ErrorObject } from 'ajv';
import { ArmorError, ArmorErrors, type Where } from '#errors';
import { complianceTag } from './compliance.ts';
import { lazy } from './lazy.ts';
import { type LocatedYaml, parseLocatedYaml, type YamlPath } from './located-yaml.ts';
import { policyProblems } from './schema.ts';
import { type TemplateFile, type TemplateHeader, templateProblems } from './template-problems.ts';
import { templateSchema } from './template-schema.ts';
import { substitute } from './template-substitute.ts';
import { NAME_PARAMETER, resolveValues, type ValueLocation, type Values } from './template-values.ts';
import type { SecurityPolicy } from './types.ts';

/** A hardening template: what it is for, what may be set, and the policy with its placeholders (docs/templates.md). */
export interface Template extends TemplateHeader {
  readonly file: string;
  readonly kind: SecurityPolicy['kind'];
  /** apiVersion, kind, metadata and spec as written, placeholders included. */
  readonly policy: Readonly<Record<string, unknown>>;
}

/** Compiled when first needed: a command that meets no template does not pay for it. */
const templateFile = lazy(() =>
  new Ajv({ allErrors: true, strict: true, allowUnionTypes: true }).compile<TemplateFile>(templateSchema),
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
  const isTemplateFile = templateFile();
  if (!isTemplateFile(value)) throw schemaErrors(isTemplateFile.errors ?? [], source, file);
  const problems = templateProblems(value, file).map(
    ({ path, message, fix }) => new ArmorError('SOURCE_INVALID', message, { file, ...source.locate(path) }, fix),
  );
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
  if (!hasRules(policy)) {
    throw new ArmorError(
      'SOURCE_INVALID',
      `template ${template.id} with these values protects nothing`,
      whole(where),
      'Every list it was given is empty; name at least one item, or leave the parameters at their defaults.',
    );
  }
  if (!isPolicy(policy)) throw notAPolicy(policy, template.file);
  const name = resolved[NAME_PARAMETER];
  const metadata = { ...policy.metadata, name: typeof name === 'string' ? name : template.id };
  const tags = [...(policy.spec.tags ?? []), ...template.compliance.map(complianceTag)];
  return policy.kind === 'KubeArmorPolicy'
    ? { ...policy, metadata, spec: { ...policy.spec, tags } }
    : { ...policy, metadata, spec: { ...policy.spec, tags } };
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
function hasRules(value: unknown): boolean {
  if (typeof value !== 'object' || value === null || !('spec' in value)) return false;
  const { spec } = value;
  return typeof spec === 'object' && spec !== null && SECTIONS.some((section) => section in spec);
}

function isPolicy(value: unknown): value is SecurityPolicy {
  return policyProblems(value).length === 0;
}

/** The template's fault, not that of whoever uses it. */
function notAPolicy(value: unknown, file: string): ArmorErrors {
  const [first, ...rest] = policyProblems(value).map(
    ({ path, message, fix }) => new ArmorError('SOURCE_INVALID', `${path.join('.')}: ${message}`, { file }, fix),
  );
  return new ArmorErrors([first ?? new ArmorError('INTERNAL', 'no policy, and no reason why', { file }, ''), ...rest]);
}

function whole(where: ValueLocation): Where {
  return typeof where === 'function' ? where([]) : where;
}

export type { TemplateHeader };
