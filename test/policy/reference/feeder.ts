/**
 * The user space side of KubeArmor, rule by rule with its state, as feeder/policyMatcher.go goes through them
 * (UpdateMatchedPolicy). The compiled evaluator, which looks rules up instead, is compared with it.
 */
import { matchesGlob } from 'node:path';
import type { Rule } from '#policy/evaluate/rule.ts';
import type { Posture } from '#policy/evaluate.ts';
import type { SecurityEvent } from '#policy/event.ts';

/** What the alert would say; undefined: no alert. */
export interface Alert {
  readonly policyName: string;
  readonly action: string;
}

/** One of the feeder's match entries: a rule, and one of its sources. */
interface MatchEntry {
  readonly rule: Rule;
  readonly source: string;
  readonly fromSource: boolean;
}

function entriesOf(rules: readonly Rule[]): MatchEntry[] {
  return rules.flatMap((rule): MatchEntry[] => {
    if (rule.unreported || rule.kind === 'preset' || rule.kind === 'device' || rule.kind === 'syscall') return [];
    if (rule.kind === 'capability' && rule.capability === '') return [];
    if (rule.kind === 'dns' && rule.domain === '') return [];
    if (rule.kind === 'protocol' && rule.protocol === '') return [];
    if (rule.kind === 'pattern' || rule.sources === undefined) return [{ rule, source: '', fromSource: false }];
    return rule.sources.filter((source) => source !== '').map((source) => ({ rule, source, fromSource: true }));
  });
}

interface State {
  type: boolean;
  policyName: string;
  action: string;
}

/** @param passed whether the event is told as "Passed" or "Permission denied" */
export function feederAlert(
  rules: readonly Rule[],
  event: SecurityEvent,
  passed: boolean,
  posture: Posture,
): Alert | undefined {
  const entries = entriesOf(rules);
  const operation = event.category === 'dns' ? 'network' : event.category;
  const state: State = { type: false, policyName: '', action: '' };
  const set = (policyName: string, action: string): void => {
    state.type = true;
    state.policyName = policyName;
    state.action = action;
  };
  let allowFile = false;
  let allowNetwork = false;
  let allowCapability = false;
  let skip = false;
  for (const [index, entry] of entries.entries()) {
    const { rule } = entry;
    const { action, policy } = rule.ref;
    if (action === 'Allow') {
      if (rule.operation === 'process' || rule.operation === 'file') allowFile = true;
      else if (rule.operation === 'network') allowNetwork = true;
      else allowCapability = true;
      if (posture.file === 'allow') continue;
    }
    if (rule.operation !== operation) continue;
    if (operation === 'process' || operation === 'file') {
      if (skip) continue;
      const from =
        !entry.fromSource || entry.source === event.actor.parentExecutable || entry.source === event.actor.executable;
      if (from) {
        if (resourceMatches(rule, event)) {
          const flags = matchedFlags(rule, event);
          if (flags && action === 'Allow' && passed) {
            if (state.action === 'Audit') continue;
            set(policy, 'Allow');
            continue;
          }
          if (flags && action === 'Audit' && passed) {
            set(policy, 'Audit');
            skip = true;
            continue;
          }
          if (action === 'Block' && !passed) {
            set(policy, 'Block');
            skip = true;
            continue;
          }
          if (flags && action === 'Allow' && !passed) continue;
        }
        if (action === 'Allow' && !passed) {
          set('DefaultPosture', 'Block');
          continue;
        }
      }
      if (posture.file === 'audit' && action === 'Allow' && passed && !state.type) set('DefaultPosture', 'Audit');
    } else if (operation === 'network') {
      if (skip) continue;
      const from = !entry.fromSource || sourceOf(entry.source, event);
      if (from) {
        const flags = networkFlags(rule, event);
        if (flags && passed && (action === 'Allow' || action === 'Audit')) {
          set(policy, action);
          skip = true;
          continue;
        }
        if (flags && !passed && action === 'Block') {
          set(policy, 'Block');
          skip = true;
          continue;
        }
        if (!flags && index < entries.length - 1) continue;
        if (action === 'Allow' && !passed) {
          set('DefaultPosture', 'Block');
          continue;
        }
      }
      if (posture.network === 'audit' && action === 'Allow' && passed) set('DefaultPosture', 'Audit');
    } else {
      const from = !entry.fromSource || sourceOf(entry.source, event);
      if (from) {
        const names = rule.kind === 'capability' && event.resource.includes(rule.capability.toUpperCase());
        if (names && passed && (action === 'Allow' || action === 'Audit')) {
          set(policy, action);
          continue;
        }
        if (names && !passed && action === 'Block') {
          set(policy, 'Block');
          continue;
        }
        if (action === 'Allow' && !passed) {
          set('DefaultPosture', 'Block');
          continue;
        }
      }
      if (posture.capabilities === 'audit' && action === 'Allow' && passed) set('DefaultPosture', 'Audit');
    }
  }
  if (!state.type) {
    const [listed, action] =
      operation === 'network'
        ? [allowNetwork, posture.network]
        : operation === 'capabilities'
          ? [allowCapability, posture.capabilities]
          : [allowFile, posture.file];
    if (listed && action === 'audit' && passed) set('DefaultPosture', 'Audit');
    if (listed && action === 'block' && !passed) set('DefaultPosture', 'Block');
  }
  if (!state.type || state.action === 'Allow') return undefined;
  return { policyName: state.policyName, action: state.action };
}

function sourceOf(source: string, { actor }: SecurityEvent): boolean {
  return actor.commandLine.startsWith(`${source} `) || source === actor.executable;
}

/** filepath.Dir and a slash: `//` for what lies in the root. */
function directoryPart(path: string): string {
  if (!path.startsWith('/')) return '__not_absolute_path__';
  const parent = path.split('/').slice(0, -1).join('/');
  return `${parent === '' ? '/' : parent}/`;
}

const count = (text: string): number => text.split('/').length - 1;

function resourceMatches(rule: Rule, event: SecurityEvent): boolean {
  if (rule.kind === 'pattern') {
    if (rule.pattern.includes('**') || rule.pattern.startsWith('*')) return false;
    return matchesGlob(event.resource, rule.pattern) || matchesGlob(event.actor.executable, rule.pattern);
  }
  if (rule.kind === 'execname') return event.actor.executable.endsWith(`/${rule.name}`);
  if (rule.kind !== 'path' && rule.kind !== 'directory') return false;
  const word = event.resource.split(' ')[0] ?? '';
  const object = rule.operation === 'file' ? word : event.actor.executable;
  if (rule.kind === 'path' && rule.path === object) return true;
  if (rule.operation === 'file') {
    const named = rule.kind === 'path' ? rule.path : rule.directory;
    if (named === `${event.resource}/`) return true;
  }
  if (rule.kind !== 'directory') return false;
  if (rule.operation === 'file' && rule.directory === '/' && rule.recursive) return true;
  const part = directoryPart(object);
  if (!part.startsWith(rule.directory)) return false;
  return rule.recursive ? count(part) >= count(rule.directory) : count(part) === count(rule.directory);
}

function matchedFlags(rule: Rule, event: SecurityEvent): boolean {
  if (rule.kind !== 'path' && rule.kind !== 'directory' && rule.kind !== 'execname' && rule.kind !== 'pattern')
    return false;
  const readOnly = rule.kind !== 'execname' && rule.readOnly && event.resource !== '';
  const reading = event.data.includes('O_RDONLY');
  const allow = rule.ref.action === 'Allow';
  const owner = event.lsm === undefined ? event.ownerUid === event.actor.uid : event.actor.uid === 0;
  if (readOnly && rule.ownerOnly) return (reading && owner && allow) || !reading || !owner;
  if (readOnly) return reading ? allow : true;
  if (rule.ownerOnly) return owner ? allow : true;
  if (rule.kind !== 'pattern' && rule.onlyWithTty) return event.actor.tty !== '';
  return true;
}

function networkFlags(rule: Rule, event: SecurityEvent): boolean {
  if (rule.kind === 'dns') {
    if (event.dns === undefined) return false;
    const labels = event.dns.domain.toLowerCase().split('.');
    const domain = rule.domain.toLowerCase();
    return labels.some((_, from) => {
      const name = labels.slice(from).join('.');
      return name === domain || name.startsWith(`${domain}.`);
    });
  }
  if (rule.kind !== 'protocol' || event.dns !== undefined) return false;
  if (rule.onlyWithTty) return event.actor.tty !== '';
  const protocol = fetchProtocol(event.resource);
  return rule.protocol.toLowerCase() === 'all' || rule.protocol.toLowerCase() === protocol;
}

function fetchProtocol(resource: string): string {
  if (/protocol=TCP/.test(resource) || (/SOCK_STREAM/.test(resource) && /protocol=HOPOPT/.test(resource))) return 'tcp';
  if (/protocol=UDP/.test(resource) || (/SOCK_DGRAM/.test(resource) && /protocol=HOPOPT/.test(resource))) return 'udp';
  const named = /protocol=(ICMP|SCTP)/.exec(resource)?.[1];
  return (named ?? /SOCK_([A-Z]+)/.exec(resource)?.[1] ?? resource).toLowerCase();
}
