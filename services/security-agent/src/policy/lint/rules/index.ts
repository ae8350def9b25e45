import type { RuleSet } from '../engine.ts';
import { capabilityRules } from './capabilities.ts';
import { conditionRules } from './conditions.ts';
import { conflictRules, setRules } from './conflicts.ts';
import { dangerRules } from './danger.ts';
import { documentRules } from './document.ts';
import { linkRules } from './links.ts';
import { networkRules } from './network.ts';
import { networkPolicyRules } from './network-policy.ts';
import { objectRules } from './object.ts';
import { pathRules } from './paths.ts';
import { patternRules } from './patterns.ts';
import { presetRules } from './presets.ts';
import { selectorRules } from './selector.ts';
import { sourceRules } from './sources.ts';
import { syscallRules } from './syscalls.ts';
import { textRules } from './text.ts';

/** Every rule about KubeArmor's policies. */
export const kubeArmorRules: RuleSet = {
  text: textRules,
  document: documentRules,
  policy: [
    ...objectRules,
    ...selectorRules,
    ...pathRules,
    ...linkRules,
    ...patternRules,
    ...sourceRules,
    ...conditionRules,
    ...networkRules,
    ...capabilityRules,
    ...syscallRules,
    ...presetRules,
    ...conflictRules,
    ...dangerRules,
    ...networkPolicyRules,
  ],
  set: setRules,
};
