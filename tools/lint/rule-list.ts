import type { RuleText } from '#policy/lint/rule.ts';
import { kubeArmorRules } from '#policy/lint/rules/index.ts';
import { openHorizonRules } from '../lint-oh/index.ts';
import { templateRule } from './template-rule.ts';

/** Every rule of lint, by id, its sources named in full. */
export const allRules: readonly RuleText[] = [
  ...kubeArmorRules.text,
  ...kubeArmorRules.document,
  ...kubeArmorRules.policy,
  ...kubeArmorRules.set,
  templateRule,
  ...openHorizonRules,
]
  .map((rule) => ({ ...rule, why: cited(rule.why, sourceOf(rule.id)) }))
  .sort((a, b) => (a.id < b.id ? -1 : 1));

/** Which page of the reference a bare section number means. */
function sourceOf(id: string): string {
  if (id.startsWith('KA')) return 'kubearmor.md';
  return id.startsWith('OH6') ? 'exchange-mms.md' : 'anax.md';
}

/** `(§4.10)` → `(reference/kubearmor.md §4.10)` */
function cited(text: string, source: string): string {
  return text
    .replace(/\(([^()§]*)§/g, (whole, before: string) => (/\.md/.test(before) ? whole : `(${before}${source} §`))
    .replace(/(?<!\/)\b(?:kubearmor|anax|exchange-mms|discovery)\.md/g, (page) => `reference/${page}`)
    .replace(/(?<!\/)data\/captures/g, 'reference/data/captures');
}
