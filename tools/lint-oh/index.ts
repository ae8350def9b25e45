import type { ParsedText } from '#policy/document.ts';
import { type LintedFinding, locatedFinding, type RunContext } from '#policy/lint/engine.ts';
import type { Report, Rule } from '#policy/lint/rule.ts';
import { type Definition, definitionsIn } from './definition.ts';
import { containerRules } from './rules/container.ts';
import { hznJsonRules } from './rules/hzn-json.ts';
import { inputRules } from './rules/inputs.ts';
import { mmsRules } from './rules/mms.ts';
import { nodePolicyRules } from './rules/node-policy.ts';
import { patternRules } from './rules/pattern.ts';
import { placementRules } from './rules/placement.ts';
import { policyRules } from './rules/policy.ts';
import { privilegeRules } from './rules/privileges.ts';
import { serviceRules } from './rules/service.ts';
import { serviceInputRules } from './rules/service-inputs.ts';
import { shapeRules } from './rules/shape.ts';

/** Every rule about Open Horizon's definitions. */
export const openHorizonRules: readonly Rule<Definition>[] = [
  ...shapeRules,
  ...serviceRules,
  ...serviceInputRules,
  ...containerRules,
  ...privilegeRules,
  ...policyRules,
  ...placementRules,
  ...patternRules,
  ...nodePolicyRules,
  ...inputRules,
  ...mmsRules,
  ...hznJsonRules,
];

export interface DefinitionRun {
  readonly findings: readonly LintedFinding[];
  /** Documents that define something of Open Horizon's. */
  readonly definitions: number;
}

/** What Exchange, agbot or agent reject late, or drop, in a text. Findings are in no order yet. */
export function lintDefinitions(text: ParsedText, context: RunContext): DefinitionRun {
  const definitions = definitionsIn(text);
  const findings = definitions.flatMap((definition) =>
    openHorizonRules.flatMap((rule) =>
      [...rule.check(definition, context)].flatMap((report) =>
        locatedFinding(rule, inDocument(report, definition), definition.document, context),
      ),
    ),
  );
  return { findings, definitions: definitions.length };
}

/** A report with its paths from the root of the document. */
function inDocument({ repair, ...report }: Report, { base }: Definition): Report {
  const moved = { ...report, path: [...base, ...report.path] };
  if (repair === undefined) return moved;
  return { ...moved, repair: repair.kind === 'replace' ? repair : { ...repair, path: [...base, ...repair.path] } };
}
