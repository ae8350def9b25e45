import { compilePolicies, type Decision } from '#policy/evaluate.ts';
import { instantiate } from '#policy/template.ts';
import { caseEvent } from './case-event.ts';
import type { CatalogueEntry } from './load-catalogue.ts';
import type { TemplateCase } from './template-tests.ts';

/** What became of a case. */
export interface CaseResult {
  readonly template: string;
  readonly name: string;
  readonly kind: TemplateCase['kind'];
  readonly expected: TemplateCase['expect'];
  readonly found: TemplateCase['expect'];
  readonly passed: boolean;
  readonly file: string;
  readonly line: number;
}

/** Evaluates every case of a template's tests with the policy that its values make. */
export function runCases({ template, tests }: CatalogueEntry): CaseResult[] {
  const on = template.kind === 'KubeArmorHostPolicy' ? 'host' : 'container';
  return tests.cases.map((each) => {
    const { name, kind, expect: expected, line } = each;
    const policy = instantiate(template, each.with, { file: tests.file, line });
    const found = FOUND[compilePolicies([policy]).evaluate(caseEvent(each, on)).outcome];
    return {
      template: template.id,
      name,
      kind,
      expected,
      found,
      passed: found === expected,
      file: tests.file,
      line,
    };
  });
}

const FOUND: Readonly<Record<Decision['outcome'], CaseResult['found']>> = {
  allowed: 'nothing',
  audited: 'Audit',
  blocked: 'Block',
};
