/**
 * The recorded runs of a real KubeArmor (reference/data/captures/kubearmor) and which policies were in force in each,
 * by the lines of responses.ndjson (its README says in which order they were applied).
 */
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import type { EvaluatorOptions } from '#policy/evaluate.ts';
import type { SecurityEvent } from '#policy/event.ts';
import { normalise } from '#policy/normalise.ts';
import type { SecurityPolicy } from '#policy/types.ts';
import { missingReference, referenceFile } from '#test/support/reference.ts';

const FOLDER = 'captures/kubearmor';
const folder = referenceFile(FOLDER);

/** Why nothing can be compared with the recorded runs here; undefined where it can. */
export const missingRuns = missingReference(FOLDER);

export interface Run {
  readonly name: string;
  readonly policies: readonly SecurityPolicy[];
  readonly options: EvaluatorOptions;
}

interface Call {
  readonly method: 'containerPolicy' | 'hostPolicy';
  readonly request: { readonly type: string; readonly object: SecurityPolicy };
  readonly response: { readonly status: string };
}

/** Lines of responses.ndjson, from 1. A policy that is replaced keeps its place, as in KubeArmor. */
type Lines = readonly number[];

const range = (from: number, to: number): number[] => Array.from({ length: to - from + 1 }, (_, index) => from + index);
const BASIC = [1, 2, 3];
const USE_CASES = range(46, 64);
const NARROWED = [...USE_CASES, 66];
const WITHOUT = (lines: Lines, ...dropped: number[]): number[] => lines.filter((line) => !dropped.includes(line));
/** KubeArmor restores its files by name after a restart. */
const RESTORED = [62, 52, 53, 50, 49, 63, 64, 47, 46, 48, 58, 56, 54, 59, 66, 61, 57];
const BLOCKING = { posture: { file: 'block', network: 'block', capabilities: 'block' } } as const;

const IN_FORCE: Readonly<Record<string, readonly [Lines, EvaluatorOptions?]>> = {
  'x01a-start-ha': [[]],
  'x01a-policy-after': [BASIC],
  'x02-start': [BASIC],
  'x02-policy-first': [BASIC],
  'x02b-second-container': [BASIC],
  'x02c-readd-2': [[137]],
  'x03-api-restart': [BASIC],
  'x03-crash': [BASIC],
  'x03-docker-restart': [BASIC],
  'x03b-crash-ns-taken': [BASIC],
  'x03c-swap': [BASIC],
  'x03d-heal': [[137]],
  'x04-window': [BASIC],
  'x04b-apparmor': [[107, 108], { enforcer: 'apparmor' }],
  'x05-start': [WITHOUT(NARROWED, 51, 55)],
  'x05-lsm-none': [range(101, 104), { enforcer: 'none' }],
  'x07-validation': [WITHOUT(range(13, 31), 23, 26, 27, 28, 29)],
  'x08a-sigterm': [BASIC],
  'x08b-sigkill': [BASIC],
  'x09b-live-restore': [BASIC],
  'x09c-gap': [BASIC],
  'x09d-dockerd-restart': [BASIC],
  'x10-throttle': [WITHOUT(NARROWED, 51, 55)],
  'x11-rate': [BASIC],
  'x13-posture-audit-net-cap': [[...BASIC, 124]],
  'x13-posture-audit-process': [[...BASIC, 122]],
  'x13-posture-block-file': [[109, ...RESTORED], BLOCKING],
  'x13-posture-block-net-cap': [[113, ...RESTORED], BLOCKING],
  'x13-posture-block-process': [[111, ...RESTORED], BLOCKING],
  'x14-host': [[...WITHOUT(NARROWED, 51, 55), 73, 74, 75, 79, 80]],
  'x18-checks': [[...BASIC, 126, 127, 128]],
  ...Object.fromEntries(
    ['u01-net-tcp-fromsource', 'u02-net-raw', 'u03-net-udp', 'u04-dns', 'u06-certs-readonly'].map((name) => [
      name,
      [USE_CASES] as const,
    ]),
  ),
  ...Object.fromEntries(
    [
      'u07-dir-nonrecursive',
      'u10-exec-from-tmp',
      'u12-setuid-binary',
      'u13-symlink-applet',
      'u14-execname',
      'u16-syscalls',
      'u18-docker-exec-tty',
    ].map((name) => [name, [NARROWED] as const]),
  ),
};

/** Every run whose policies are known. */
export function runs(): Run[] {
  const calls = lines('responses.ndjson').map((line): Call => JSON.parse(line));
  return Object.entries(IN_FORCE).map(([name, [inForce, options = {}]]) => ({
    name,
    options,
    policies: inForce.reduce<SecurityPolicy[]>((policies, line) => apply(policies, calls[line - 1]), []),
  }));
}

function apply(policies: readonly SecurityPolicy[], call: Call | undefined): SecurityPolicy[] {
  if (call === undefined || typeof call.request === 'string' || call.request.type !== 'ADDED')
    throw new Error('no ADDED');
  const { object } = call.request;
  const policy = { ...object, kind: call.method === 'hostPolicy' ? 'KubeArmorHostPolicy' : 'KubeArmorPolicy' };
  const at = policies.findIndex(({ metadata }) => metadata.name === object.metadata.name);
  return at < 0 ? [...policies, policy as SecurityPolicy] : policies.with(at, policy as SecurityPolicy);
}

/** Events of one stream of a run, in order of arrival. */
export function eventsOf(run: string, stream: 'alerts' | 'logs'): SecurityEvent[] {
  const file = `${run}.${stream}.ndjson`;
  if (!existsSync(path.join(folder, file))) return [];
  return lines(file).map((line) => eventIn(line, file));
}

export function lines(file: string): string[] {
  return readFileSync(path.join(folder, file), 'utf8').trimEnd().split('\n');
}

/** The one policy of the run with a real agent and hub, and the alerts it raised; fewer fields than elsewhere. */
export function endToEnd(): { readonly policy: SecurityPolicy; readonly alerts: readonly SecurityEvent[] } {
  const policy: SecurityPolicy = JSON.parse(readFileSync(path.join(folder, '../e2e/policy.json'), 'utf8'));
  return { policy, alerts: lines('../e2e/alerts-first.ndjson').map((line) => eventIn(line, 'alerts-first.ndjson')) };
}

function eventIn(line: string, file: string): SecurityEvent {
  const normalised = normalise(JSON.parse(line));
  if (normalised.kind === 'rejected') throw new TypeError(`${file}: ${normalised.reason}`);
  return normalised.event;
}
