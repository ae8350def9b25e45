import type { EventRecord } from './event-record.ts';
import {
  matchesDns,
  matchesFlags,
  matchesPath,
  matchesSource,
  matchesSyscall,
  protocolOf,
} from './feeder-conditions.ts';
import type { FeederRule } from './feeder-rules.ts';
import type { Postures } from './lsm-decision.ts';

/** Who is said to have blocked: BPFLSM, AppArmor, or nobody but the monitor. */
export type EnforcerName = 'BPFLSM' | 'AppArmor' | 'eBPF Monitor';

export interface FeederContext {
  readonly rules: readonly FeederRule[];
  readonly postures: Postures;
  readonly enforcer: EnforcerName;
  /** Whether a host event of this operation is visible; container events were filtered in the kernel. */
  hostVisible(operation: string): boolean;
}

const JUDGED = new Set(['Passed', 'Operation not permitted', 'Permission denied']);
const NOBODY = { severity: '', tags: [], message: '' } as const;

/**
 * The event with the policy it is attributed to, or undefined for one that nobody shall see: what an Allow rule let pass
 * (reference/kubearmor.md §5.1). The quirks are the real feeder's, rule by rule in their order; the last word wins.
 */
export function attribute(event: EventRecord, context: FeederContext): EventRecord | undefined {
  if (event.type === 'SystemEvent') return event;
  const matched = JUDGED.has(event.result) ? judge(event, context) : event;
  if (matched.type === '') return withoutMatch(matched, context);
  if (matched.action === 'Allow' && matched.result === 'Passed') return undefined;
  return event.containerId === '' ? { ...matched, type: 'MatchedHostPolicy' } : matched;
}

/** What one rule makes of the event; `done` keeps later rules from looking at it. */
interface Step {
  readonly event: EventRecord;
  readonly done: boolean;
}

function judge(event: EventRecord, context: FeederContext): EventRecord {
  let step: Step = { event, done: false };
  context.rules.forEach((rule, index) => {
    // A posture of allow for files switches every Allow rule off here, whatever its category.
    if (rule.action === 'Allow' && context.postures.file === 'allow') return;
    if (rule.operation !== event.operation || step.done) return;
    step = applyRule(step.event, rule, context, index === context.rules.length - 1);
  });
  return step.event;
}

function applyRule(event: EventRecord, rule: FeederRule, context: FeederContext, isLast: boolean): Step {
  switch (rule.operation) {
    case 'Process':
    case 'File':
      return applyPathRule(event, rule, context);
    case 'Network':
      return applyNetworkRule(event, rule, context, isLast);
    case 'Capabilities':
      return applyCapabilityRule(event, rule, context);
    case 'Syscall':
      return { event: matchesSyscall(event, rule) ? named(event, rule, event.enforcer, 'Audit') : event, done: false };
    default:
      return { event, done: false };
  }
}

function applyPathRule(event: EventRecord, rule: FeederRule, { postures, enforcer }: FeederContext): Step {
  const passed = event.result === 'Passed';
  const allow = rule.action === 'Allow';
  if (rule.source === undefined || matchesSource(event, rule.source)) {
    if (matchesPath(event, rule)) {
      const flagsFit = matchesFlags(event, rule);
      if (flagsFit && allow && passed) {
        return { event: event.action === 'Audit' ? event : named(event, rule, enforcer, 'Allow'), done: false };
      }
      if (flagsFit && rule.action === 'Audit' && passed) return auditedBy(event, rule);
      // Whether flags fit is not asked for a denial.
      if (rule.action === 'Block' && !passed) return blockedBy(event, rule, enforcer);
      if (flagsFit && allow) return { event, done: false };
    }
    if (allow && !passed) return { event: byPosture(event, 'Block'), done: false };
  }
  if (postures.file === 'audit' && allow && passed && event.type === '') {
    return { event: byPosture(event, 'Audit'), done: false };
  }
  return { event, done: false };
}

function applyNetworkRule(
  event: EventRecord,
  rule: FeederRule,
  { postures, enforcer }: FeederContext,
  isLast: boolean,
): Step {
  const passed = event.result === 'Passed';
  const allow = rule.action === 'Allow';
  if (rule.source === undefined || isActing(event, rule.source)) {
    const domain = rule.kind === 'DNS' && matchesDns(event, rule.resource);
    const matched = rule.kind === 'DNS' ? domain : matchesProtocol(event, rule);
    // The event then names the rule's domain, not the one that was asked for.
    const told = domain ? { ...event, resource: rule.resource } : event;
    if (matched) {
      if (allow && passed) return { event: named(told, rule, enforcer, 'Allow'), done: true };
      if (rule.action === 'Audit' && passed) return auditedBy(told, rule);
      if (rule.action === 'Block' && !passed) return blockedBy(told, rule, enforcer);
    }
    // Posture is only thought of at the last rule of all.
    if (!matched && !isLast) return { event: told, done: false };
    if (allow && !passed) return { event: byPosture(told, 'Block'), done: false };
  }
  if (postures.network === 'audit' && allow && passed) return { event: byPosture(event, 'Audit'), done: false };
  return { event, done: false };
}

function matchesProtocol(event: EventRecord, rule: FeederRule): boolean {
  if (rule.pts === false) return event.tty !== '';
  return rule.resource === 'all' || rule.resource === protocolOf(event.resource);
}

function applyCapabilityRule(event: EventRecord, rule: FeederRule, { postures, enforcer }: FeederContext): Step {
  const passed = event.result === 'Passed';
  const allow = rule.action === 'Allow';
  if (rule.source === undefined || isActing(event, rule.source)) {
    if (rule.resource.split(',').some((name) => event.resource.includes(name))) {
      if (allow && passed) return { event: named(event, rule, enforcer, 'Allow'), done: false };
      if (rule.action === 'Audit' && passed) return { ...auditedBy(event, rule), done: false };
      if (rule.action === 'Block' && !passed) return { ...blockedBy(event, rule, enforcer), done: false };
    }
    if (allow && !passed) return { event: byPosture(event, 'Block'), done: false };
  }
  if (postures.capabilities === 'audit' && allow && passed) return { event: byPosture(event, 'Audit'), done: false };
  return { event, done: false };
}

/** Network and capability rules compare their source with the command line, or the program. */
function isActing(event: EventRecord, source: string): boolean {
  return event.source.startsWith(`${source} `) || source === event.processName;
}

function named(event: EventRecord, rule: FeederRule, enforcer: string, action: string): EventRecord {
  const { policyName, severity, tags, message } = rule;
  return {
    ...event,
    type: 'MatchedPolicy',
    policyName,
    severity,
    enforcer,
    action,
    tags: tags.length > 0 ? tags : event.tags,
    message: message === '' ? event.message : message,
  };
}

function auditedBy(event: EventRecord, rule: FeederRule): Step {
  return { event: named(event, rule, 'eBPF Monitor', 'Audit'), done: true };
}

function blockedBy(event: EventRecord, rule: FeederRule, enforcer: EnforcerName): Step {
  return { event: named(event, rule, enforcer, 'Block'), done: true };
}

function byPosture(event: EventRecord, action: 'Audit' | 'Block'): EventRecord {
  return { ...event, ...NOBODY, type: 'MatchedPolicy', policyName: 'DefaultPosture', enforcer: 'eBPF Monitor', action };
}

/** No rule named it: a whitelist's posture does, or it is telemetry. */
function withoutMatch(event: EventRecord, { rules, postures, hostVisible }: FeederContext): EventRecord | undefined {
  const onHost = event.containerId === '';
  const posture = postureOf(event.operation, postures);
  const whitelisted = rules.some((rule) => rule.action === 'Allow' && sameWhitelist(rule.operation, event.operation));
  const passed = event.result === 'Passed';
  if (JUDGED.has(event.result) && whitelisted && posture !== 'allow' && (posture === 'audit') === passed) {
    const told = byPosture(event, passed ? 'Audit' : 'Block');
    return onHost ? { ...told, type: 'MatchedHostPolicy' } : told;
  }
  if (!onHost) return { ...event, type: 'ContainerLog' };
  return hostVisible(event.operation) ? { ...event, type: 'HostLog' } : undefined;
}

/** Process and File share a whitelist here, though the kernel keeps two (§4.5). */
function sameWhitelist(ruleOperation: string, operation: string): boolean {
  const ofFiles = ['Process', 'File'];
  return ofFiles.includes(operation) ? ofFiles.includes(ruleOperation) : ruleOperation === operation;
}

function postureOf(operation: string, postures: Postures): Postures['file'] | undefined {
  switch (operation) {
    case 'Process':
    case 'File':
      return postures.file;
    case 'Network':
      return postures.network;
    case 'Capabilities':
      return postures.capabilities;
    default:
      return undefined;
  }
}
