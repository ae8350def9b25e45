import type { StoredPolicy } from './policy-shape.ts';
import type { PresetName } from './process.ts';
import type { HeldPreset } from './sensors.ts';

const NAMES: ReadonlySet<string> = new Set<PresetName>([
  'filelessExec',
  'protectEnv',
  'protectProc',
  'exec',
  'anonymousMapExec',
]);

/** The presets in force under these policies; an unknown name is no preset, and says so to nobody (§4.10). */
export function presetsOf(policies: readonly StoredPolicy[]): ReadonlyMap<PresetName, HeldPreset> {
  const held = new Map<PresetName, HeldPreset>();
  for (const { metadata, spec } of policies) {
    for (const { name = '', action } of spec.presets ?? []) {
      if (!isPreset(name)) continue;
      held.set(name, {
        blocks: action !== 'Audit',
        policyName: metadata.policyName,
        severity: String(spec.severity ?? 0),
        tags: spec.tags ?? [],
        message: spec.message ?? '',
      });
    }
  }
  return held;
}

function isPreset(name: string): name is PresetName {
  return NAMES.has(name);
}
