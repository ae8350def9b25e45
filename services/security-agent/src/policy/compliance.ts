import cisDocker from './compliance/cis-docker.json' with { type: 'json' };
import iec33 from './compliance/iec-62443-3-3.json' with { type: 'json' };
import iec42 from './compliance/iec-62443-4-2.json' with { type: 'json' };
import attack from './compliance/mitre-attack.json' with { type: 'json' };
import attackIcs from './compliance/mitre-attack-ics.json' with { type: 'json' };
import nist from './compliance/nist-800-53.json' with { type: 'json' };
import { didYouMean } from './did-you-mean.ts';
import type { ComplianceId } from './payload.ts';

/** A published framework, with the ids that templates may name. */
export interface Framework {
  readonly framework: string;
  readonly version: string;
  readonly source: string;
  /** How its ids begin in a policy's `tags`. */
  readonly tag: string;
  /** What the publisher of the list asks to be said where it is reproduced. */
  readonly notice?: string;
  readonly ids: Readonly<Record<string, string>>;
}

/** In the order in which documents list them. */
export const frameworks: readonly Framework[] = [attack, attackIcs, iec33, iec42, nist, cisDocker];

/** The full entry of an id. Undefined where the lists that ship do not have it. */
export function complianceId(framework: string, id: string): ComplianceId | undefined {
  const known = frameworks.find((candidate) => candidate.framework === framework);
  const title = known?.ids[id];
  if (known === undefined || title === undefined) return undefined;
  return { framework, version: known.version, id, title, source: known.source };
}

/** Why an entry is not exactly what its framework says; undefined when it is. */
export function complianceProblem(entry: ComplianceId): { message: string; fix: string } | undefined {
  const known = frameworks.find(({ framework }) => framework === entry.framework);
  if (known === undefined) {
    const names = frameworks.map(({ framework }) => framework);
    return {
      message: `unknown framework "${entry.framework}"`,
      fix: `${didYouMean(entry.framework, names)}Use one of ${names.join(', ')}.`,
    };
  }
  const right = complianceId(entry.framework, entry.id);
  if (right === undefined) {
    return {
      message: `${known.framework} ${known.version} has no "${entry.id}"`,
      fix: `${didYouMean(entry.id, Object.keys(known.ids))}The known ids are in policy/compliance/.`,
    };
  }
  const wrong = (['version', 'title', 'source'] as const).find((key) => entry[key] !== right[key]);
  if (wrong === undefined) return undefined;
  return { message: `the ${wrong} of ${entry.id} is "${entry[wrong]}"`, fix: `Write "${right[wrong]}".` };
}

/**
 * A compliance id as a policy tag, in the form that KubeArmor's own template releases use
 * (`MITRE_T1553.004_install_root_certificate`, `NIST_800-53_SI-7(1)`). Tags are comma-separated text in
 * KubeArmor's alerts, so no comma may be in one.
 */
export function complianceTag({ framework, id, title }: ComplianceId): string {
  const prefix = frameworks.find((known) => known.framework === framework)?.tag ?? framework.replaceAll(/\W+/g, '_');
  const suffix = prefix.startsWith('MITRE')
    ? `_${(title.split(': ').at(-1) ?? title).toLowerCase().replaceAll(/[^a-z0-9]+/g, '_')}`
    : '';
  return `${prefix}_${id.replaceAll(' ', '_')}${suffix}`;
}
