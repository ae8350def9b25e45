import { complianceProblem } from './compliance.ts';
import { didYouMean } from './did-you-mean.ts';
import type { YamlPath } from './located-yaml.ts';
import type { ComplianceId } from './payload.ts';
import { placeholders } from './template-substitute.ts';
import { defaultProblem, type Parameters } from './template-values.ts';
import type { SecurityPolicy } from './types.ts';

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

/** A template file whose shape the schema has found right (template-schema.ts). */
export interface TemplateFile {
  readonly template: TemplateHeader;
  readonly apiVersion: string;
  readonly kind: SecurityPolicy['kind'];
  readonly metadata: { readonly name: string };
  readonly spec: Readonly<Record<string, unknown>>;
}

/** One fault of a template, and where in the file it stands. */
export interface TemplateProblem {
  readonly path: YamlPath;
  readonly message: string;
  readonly fix: string;
}

/** What the schema can not see: names that do not agree, placeholders that lead nowhere, ids that do not exist. */
export function templateProblems(value: TemplateFile, file: string): TemplateProblem[] {
  return [
    ...identityProblems(value, file),
    ...parameterProblems(value),
    ...placeholderProblems(value),
    ...complianceProblems(value.template),
  ];
}

function identityProblems({ template, metadata }: TemplateFile, file: string): TemplateProblem[] {
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

function parameterProblems({ template }: TemplateFile): TemplateProblem[] {
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

function placeholderProblems({ template, spec }: TemplateFile): TemplateProblem[] {
  const known = Object.keys(template.parameters);
  const used = placeholders(spec);
  return [
    ...used.flatMap(({ name, each, path, badEach }): TemplateProblem[] => {
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

function complianceProblems({ compliance }: TemplateHeader): TemplateProblem[] {
  return compliance.flatMap((entry, index) => {
    const problem = complianceProblem(entry);
    return problem === undefined ? [] : [{ path: ['template', 'compliance', index], ...problem }];
  });
}
