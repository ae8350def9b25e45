import type { SecurityEvent } from '../event.ts';
import type { Unknown } from './decision.ts';
import type { PresetMatch, Rule } from './rule.ts';

/** A preset that an event runs into. */
export interface PresetHit {
  readonly rule: PresetMatch;
  readonly unknown?: Unknown;
}

/** The presets in force: of several policies with one preset, the last gives action and name (presets/*, §4.8). */
export type Presets = ReadonlyMap<string, PresetMatch>;

export function presetsOf(rules: readonly Rule[]): Presets {
  return new Map(rules.filter((rule) => rule.kind === 'preset').map((rule) => [rule.name, rule]));
}

/** Names of the presets in the Enforcer of their alerts: `PRESET-` in front (presets/presets.go). */
const ENFORCERS: Readonly<Record<string, string>> = {
  'PRESET-FilelessExecutionPreset': 'filelessExec',
  'PRESET-AnonMapExecutionPreset': 'anonymousMapExec',
  'PRESET-ProtectEnvPreset': 'protectEnv',
  'PRESET-ProtectProcPreset': 'protectProc',
  'PRESET-ExecPreset': 'exec',
};

/**
 * The preset that raised an alert. Its fields do not always tell: `Resource` of protectEnv and protectProc is the acting
 * program, not the file.
 */
export function alertingPreset(presets: Presets, { enforcer }: SecurityEvent): PresetHit | undefined {
  const rule = enforcer === undefined ? undefined : presets.get(ENFORCERS[enforcer] ?? '');
  return rule === undefined ? undefined : { rule };
}

interface ProgramPreset {
  readonly name: string;
  readonly applies: (event: SecurityEvent, path: string) => boolean;
  readonly unknown?: Unknown;
  /** Only whether Block holds is in doubt; Audit does alert. */
  readonly auditsSurely?: boolean;
}

/** anonymousMapExec has no trace in the telemetry, so no event but its own alert can be judged by it. */
const PROGRAM_PRESETS: readonly ProgramPreset[] = [
  { name: 'filelessExec', applies: (_, path) => startsFileless(path) },
  { name: 'filelessExec', applies: (_, path) => startsByDescriptor(path), unknown: 'memory-file' },
  {
    // Block was seen to let `docker exec -it` pass, and to stop it (reference/kubearmor.md §0).
    name: 'exec',
    applies: ({ actor }) => actor.tty !== '' && actor.execId !== undefined,
    unknown: 'exec-preset',
    auditsSurely: true,
  },
];

/** Which preset a program start runs into. */
export function programPreset(presets: Presets, event: SecurityEvent, path: string): PresetHit | undefined {
  const preset = PROGRAM_PRESETS.find(({ name, applies }) => presets.has(name) && applies(event, path));
  const rule = preset === undefined ? undefined : presets.get(preset.name);
  if (preset === undefined || rule === undefined) return undefined;
  const sure = preset.unknown === undefined || (preset.auditsSurely === true && !rule.block);
  return sure ? { rule } : { rule, unknown: preset.unknown };
}

/** Programs in shared memory, and memory files, which have no path of their own (BPF/filelessexec.bpf.c). */
function startsFileless(path: string): boolean {
  return /^(?:\/?memfd:|\/run\/shm\/|\/dev\/shm\/)/.test(path);
}

/** A program started by file descriptor may be a memory file; the event names the descriptor only. */
function startsByDescriptor(path: string): boolean {
  return /^\/proc\/(?:self|\d+)\/fd\/\d+$/.test(path);
}

/** Which preset opening a file runs into. */
export function openPreset(presets: Presets, event: SecurityEvent, path: string): PresetHit | undefined {
  if (presets.size === 0 || !path.startsWith('/proc/')) return undefined;
  const digits = /^\d{0,10}/.exec(path.slice('/proc/'.length))?.[0] ?? '';
  if (Number(digits) === event.actor.pid) return undefined;
  const environ = path.startsWith('/environ', '/proc/'.length + digits.length);
  const rule = (environ ? presets.get('protectEnv') : undefined) ?? presets.get('protectProc');
  return rule === undefined ? undefined : { rule };
}
