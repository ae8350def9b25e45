/** The AppArmor profile KubeArmor writes for a container, as far as its rules go (enforcer/appArmorProfile.go). */
import { apparmorGlob } from './apparmor-glob.ts';
import type { Glob } from './glob.ts';
import type { CapabilityMatch, ObjectRule, ProtocolMatch, Rule } from './rule.ts';

export interface ProfileRule {
  readonly rule: ObjectRule;
  readonly glob: Glob;
  readonly deny: boolean;
}

/** Rules of the main profile, or of the one that programs named in some `fromSource` run under. */
export interface Profile {
  readonly process: readonly ProfileRule[];
  readonly file: readonly ProfileRule[];
  readonly network: readonly ProtocolMatch[];
  readonly capabilities: readonly CapabilityMatch[];
}

export interface Profiles {
  readonly main: Profile;
  readonly bySource: ReadonlyMap<string, Profile>;
}

export function buildProfiles(rules: readonly Rule[]): Profiles {
  const enforced = rules.filter(({ ref }) => ref.action === 'Allow' || ref.action === 'Block');
  const main = profileOf(enforced.filter((rule) => !hasSources(rule)));
  const sources = new Set(enforced.flatMap((rule) => [...sourcesOf(rule)]));
  const bySource = new Map(
    [...sources].map((source) => [
      source,
      withMain(profileOf(enforced.filter((rule) => sourcesOf(rule).has(source))), main),
    ]),
  );
  return { main, bySource };
}

function sourcesOf(rule: Rule): ReadonlySet<string> {
  if (!('sources' in rule) || rule.kind === 'syscall') return new Set();
  return new Set((rule.sources ?? []).filter((source) => source !== ''));
}

function hasSources(rule: Rule): boolean {
  return 'sources' in rule && rule.sources !== undefined;
}

function profileOf(rules: readonly Rule[]): Profile {
  const objects = (operation: 'process' | 'file') =>
    rules.filter((rule): rule is ObjectRule => rule.operation === operation).map(profileRule);
  return {
    process: objects('process'),
    file: objects('file'),
    network: rules.filter((rule) => rule.kind === 'protocol'),
    capabilities: rules.filter((rule) => rule.kind === 'capability'),
  };
}

function profileRule(rule: ObjectRule): ProfileRule {
  return { rule, glob: apparmorGlob(entityOf(rule)), deny: rule.ref.action === 'Block' };
}

/** Directories end in `{,**}` or `{,*}`; a program's name alone stands for it anywhere (appArmorTemplate.go). */
function entityOf(rule: ObjectRule): string {
  switch (rule.kind) {
    case 'path':
      return rule.path;
    case 'execname':
      return `/**/${rule.name}`;
    case 'pattern':
      return rule.pattern;
    case 'directory':
      return `${rule.directory}${rule.recursive ? '{,**}' : '{,*}'}`;
  }
}

/** A source's profile also has the main rules that it does not override (checkIfGlobalRuleToBeAdded). */
function withMain(own: Profile, main: Profile): Profile {
  const added = (rules: readonly ProfileRule[], globals: readonly ProfileRule[]) => [
    ...rules,
    ...globals.filter(({ rule }) => !rules.some((local) => overrides(local.rule, rule))),
  ];
  return {
    process: added(own.process, main.process),
    file: added(own.file, main.file),
    network: [
      ...own.network,
      ...main.network.filter(({ protocol }) => !own.network.some((local) => local.protocol === protocol)),
    ],
    capabilities: [
      ...own.capabilities,
      ...main.capabilities.filter(
        ({ capability }) => !own.capabilities.some((local) => local.capability === capability),
      ),
    ],
  };
}

function overrides(local: ObjectRule, global: ObjectRule): boolean {
  const entity = nameOf(global);
  if (nameOf(local) === entity) return true;
  if (local.kind !== 'directory' || !local.directory.endsWith('/') || !entity.startsWith(local.directory)) return false;
  return local.recursive || !entity.slice(local.directory.length).includes('/');
}

function nameOf(rule: ObjectRule): string {
  return rule.kind === 'directory' ? rule.directory : entityOf(rule);
}
