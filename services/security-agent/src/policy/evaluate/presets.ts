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

/** anonymousMapExec has no trace in the telemetry, so no event can be judged by it. */
const PROGRAM_PRESETS: readonly (readonly [string, (event: SecurityEvent, path: string) => PresetMatchResult])[] = [
  ['filelessExec', (_, path) => startsFileless(path)],
  // Block was seen not to stop `docker exec -it` (reference/kubearmor.md §0); Audit does alert.
  ['exec', ({ actor }) => (actor.tty !== '' && actor.execId !== undefined ? 'unsure-to-block' : false)],
];

type PresetMatchResult = boolean | 'unsure-to-block';

/** Which preset a program start runs into. */
export function programPreset(presets: Presets, event: SecurityEvent, path: string): PresetHit | undefined {
  for (const [name, matches] of PROGRAM_PRESETS) {
    const rule = presets.get(name);
    if (rule === undefined) continue;
    const result = matches(event, path);
    if (result === 'unsure-to-block' && rule.block) return { rule, unknown: 'exec-preset' };
    if (result !== false) return { rule };
  }
  return undefined;
}

/** Programs in shared memory, and memory files, which have no path of their own (BPF/filelessexec.bpf.c). */
function startsFileless(path: string): boolean {
  return /^(?:\/?memfd:|\/run\/shm\/|\/dev\/shm\/)/.test(path);
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
