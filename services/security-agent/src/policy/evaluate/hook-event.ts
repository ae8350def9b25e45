/**
 * The event that an LSM hook of KubeArmor tells user space, for an access known from telemetry
 * (enforcer/bpflsm/enforcer.go, TraceEvents). It has no flags and no owner, and names sockets in its own way.
 */
import type { EventCategory, SecurityEvent } from '../event.ts';
import type { Verdict } from './verdict.ts';

const HOOKS: Partial<Record<EventCategory, string>> = {
  process: 'SECURITY_BPRM_CHECK',
  file: 'FILE_OPEN',
  network: 'SOCKET_CREATE',
  dns: 'SOCKET_SENDMSG',
  capabilities: 'CAPABLE',
};

/** The event itself if a hook told it. */
export function hookTold(event: SecurityEvent, verdict: Verdict): SecurityEvent {
  const hook = HOOKS[event.category];
  if (hook === undefined || event.lsm !== undefined) return event;
  const resource = verdict.socket ?? event.resource;
  return { ...event, lsm: hook, data: `lsm=${hook}`, resource };
}

/** How the denied open of a program's file is told. */
export function openTold(event: SecurityEvent): SecurityEvent {
  return { ...event, category: 'file', resource: event.path ?? '', lsm: 'FILE_OPEN', data: 'lsm=FILE_OPEN' };
}
