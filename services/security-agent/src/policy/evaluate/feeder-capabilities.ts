import type { SecurityEvent } from '../event.ts';
import { type CategoryFeeder, type FeederPostures, SILENT, UNLISTED, weighsAllowRules } from './feeder-answer.ts';
import { isSource } from './feeder-network.ts';
import type { CapabilityMatch, Rule } from './rule.ts';

/**
 * Capabilities (feeder/policyMatcher.go, case "Capabilities"). Here no rule settles it: all are gone through, and the
 * last that has something to say is what stands in the alert, an Allow rule about something else included.
 */
export function capabilityFeeder(rules: readonly Rule[], postures: FeederPostures): CategoryFeeder {
  const entries = rules.filter((rule) => rule.kind === 'capability').flatMap(entriesOf);
  const weighed = weighsAllowRules(postures);
  const considered = entries.filter(({ rule }) => weighed || rule.ref.action !== 'Allow');
  const anyAllowed = entries.some(({ rule }) => rule.ref.action === 'Allow');
  const auditsUnlisted = postures.inLoop?.capabilities === 'audit';

  return {
    passed(event) {
      const audits = new Set<Rule>();
      let said: 'audit' | 'allowed' | 'posture' | undefined;
      for (const { rule, source } of considered) {
        const matches = isFrom(source, event) && namesCapability(rule, event);
        if (matches && rule.ref.action === 'Allow') said = 'allowed';
        else if (matches && rule.ref.action === 'Audit') {
          said = 'audit';
          // The last is named: re-inserted behind the others.
          audits.delete(rule);
          audits.add(rule);
        } else if (rule.ref.action === 'Allow' && auditsUnlisted) said = 'posture';
      }
      if (said === 'audit') return { audits: [...audits].reverse(), posture: false };
      const left = said === undefined && anyAllowed && postures.leftOver.capabilities === 'audit';
      return said === 'posture' || left ? UNLISTED : SILENT;
    },
    denied(event) {
      let said: Rule | 'posture' | undefined;
      for (const { rule, source } of considered) {
        if (!isFrom(source, event)) continue;
        if (rule.ref.action === 'Block' && namesCapability(rule, event)) said = rule;
        else if (rule.ref.action === 'Allow') said = 'posture';
      }
      return said ?? (anyAllowed && postures.leftOver.capabilities === 'block' ? 'posture' : undefined);
    },
  };
}

interface Entry {
  readonly rule: CapabilityMatch;
  readonly source?: string;
}

function entriesOf(rule: CapabilityMatch): Entry[] {
  if (rule.capability === '') return [];
  if (rule.sources === undefined) return [{ rule }];
  return rule.sources.filter((source) => source !== '').map((source) => ({ rule, source }));
}

function isFrom(source: string | undefined, event: SecurityEvent): boolean {
  return source === undefined || isSource(source, event);
}

/** The rule's name is looked for anywhere in the event's: `net_raw` in CAP_NET_RAW, `CAP_NET_RAW` as well. */
function namesCapability(rule: CapabilityMatch, { resource }: SecurityEvent): boolean {
  return rule.capability
    .toUpperCase()
    .split(',')
    .some((name) => resource.includes(name));
}
