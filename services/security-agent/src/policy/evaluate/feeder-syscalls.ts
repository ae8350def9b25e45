import type { SecurityEvent } from '../event.ts';
import { type CategoryFeeder, SILENT } from './feeder-answer.ts';
import type { Rule, SyscallMatch } from './rule.ts';

/**
 * System calls (feeder/policyMatcher.go, case "Syscall"): audit only, denied or not; the last rule that matches gives
 * its name.
 *
 * @param host host policies: the path of `syscalls.matchPaths` is not looked at
 */
export function syscallFeeder(rules: readonly Rule[], host: boolean): CategoryFeeder {
  const syscalls = rules.filter((rule) => rule.kind === 'syscall').reverse();
  return {
    passed(event) {
      const audits = syscalls.filter((rule) => syscallMatches(rule, event, host));
      return audits.length === 0 ? SILENT : { audits, posture: false };
    },
    denied: () => undefined,
  };
}

/** Names are literal: `unlink` is not `unlinkat`. */
function syscallMatches(rule: SyscallMatch, event: SecurityEvent, host: boolean): boolean {
  if (event.syscall === undefined || !rule.syscalls.includes(event.syscall.toUpperCase())) return false;
  if (rule.path !== undefined && !host && !pathMatches(rule.path, rule.pathRecursive, event.resource)) return false;
  const source = event.actor.commandLine.split(' ', 1)[0] ?? '';
  return rule.sources === undefined || rule.sources.some((from) => fromMatches(from, source));
}

/** A directory without `recursive` matches itself alone, not what is in it. */
function pathMatches(path: string, recursive: boolean, resource: string): boolean {
  if (path === resource) return true;
  return path.endsWith('/') && ((recursive && resource.startsWith(path)) || path.slice(0, -1) === resource);
}

function fromMatches(from: { readonly source: string; readonly recursive: boolean }, source: string): boolean {
  if (from.source === source) return true;
  if (!from.source.endsWith('/') || !source.startsWith(from.source)) return false;
  return from.recursive || !source.slice(from.source.length).includes('/');
}
