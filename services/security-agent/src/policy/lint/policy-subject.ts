import { type Fields, type FlatRule, flatRules, isFields } from '../flat-rules.ts';
import { isPolicyKind, type PolicyKind } from '../kinds.ts';

/** A KubeArmor policy as rules look at it: anything may be in it, but its kind is known. */
export interface PolicySubject {
  readonly kind: PolicyKind;
  readonly policy: Fields;
  /** Empty where spec is no map. */
  readonly spec: Fields;
  readonly rules: readonly FlatRule[];
  readonly host: boolean;
}

/** undefined for what is no policy of KubeArmor. */
export function policySubject(value: unknown): PolicySubject | undefined {
  if (!isFields(value) || !isPolicyKind(value.kind)) return undefined;
  return {
    kind: value.kind,
    policy: value,
    spec: isFields(value.spec) ? value.spec : {},
    rules: flatRules(value),
    host: value.kind === 'KubeArmorHostPolicy',
  };
}

/** Values of fields that rules look at; '' for what is no text. */
export function textAt(fields: Fields, name: string): string {
  const value = fields[name];
  return typeof value === 'string' ? value : '';
}
