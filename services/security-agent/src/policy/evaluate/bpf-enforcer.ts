import type { SecurityEvent } from '../event.ts';
import type { Posture } from './decision.ts';
import { hookTold, openTold } from './hook-event.ts';
import type { Enforcement, Enforcer } from './judge.ts';
import { kernelVerdict, openingProgram } from './kernel-access.ts';
import { alertingPreset, openPreset, type PresetHit, type Presets, presetsOf, programPreset } from './presets.ts';
import type { Rule } from './rule.ts';
import { BPF_MAP_ENTRIES } from './rule-key.ts';
import { buildRuleTable, type RuleTable } from './rule-table.ts';
import { PASS, type Verdict } from './verdict.ts';

export interface BpfEnforcer extends Enforcer {
  readonly table: RuleTable;
}

/**
 * KubeArmor with BPF-LSM: the rule table first, then the presets.
 *
 * @param host the host's own map: capabilities and presets are not in it (enforcer/bpflsm/hostRulesHandling.go)
 */
export function bpfEnforcer(rules: readonly Rule[], host: boolean, posture: Posture): BpfEnforcer {
  const mapped = host ? rules.filter(({ kind }) => kind !== 'capability' && kind !== 'preset') : rules;
  const table = buildRuleTable(mapped, !host);
  const presets = presetsOf(mapped);
  const overflows = table.size > BPF_MAP_ENTRIES;
  const flagged = (verdict: Verdict): Verdict =>
    overflows && verdict.unknown === undefined && (verdict.rule !== undefined || verdict.notice)
      ? { ...verdict, unknown: 'rule-table-full' }
      : verdict;
  return {
    table,
    posture,
    noticesPosture: true,
    enforce(event): Enforcement {
      const alerting = presets.size === 0 ? undefined : alertingPreset(presets, event);
      if (alerting !== undefined) return { verdict: PASS, told: event, preset: alerting };
      const opening = openingProgram(table, event, posture);
      if (opening?.deny === true) return { verdict: flagged(opening), told: openTold(event) };
      const verdict = flagged(kernelVerdict(table, event, posture));
      const told = verdict.deny || verdict.notice ? hookTold(event, verdict) : event;
      const preset = verdict.deny || presets.size === 0 ? undefined : presetFor(presets, event);
      return preset === undefined ? { verdict, told } : { verdict, told, preset };
    },
  };
}

function presetFor(presets: Presets, event: SecurityEvent): PresetHit | undefined {
  const { path, category, lsm, syscall } = event;
  if (path === undefined) return undefined;
  if (category === 'process') return syscall === 'ptrace' ? undefined : programPreset(presets, event, path);
  if (category !== 'file') return undefined;
  const opens = lsm === 'FILE_OPEN' || (lsm === undefined && syscall?.startsWith('open') === true);
  return opens ? openPreset(presets, event, path) : undefined;
}
