import { commaParts, isCommaList } from './comma-list.ts';
import type { ValuePath } from './document.ts';
import type { Action } from './types.ts';

/**
 * A policy as the list of its rules, each with the verdict it inherits (rule → section → spec, a missing action being
 * Block; reference/kubearmor.md §4.1). Reads anything: what is not a rule is left out, nothing is assumed of the rest.
 */

export type Fields = Readonly<Record<string, unknown>>;

export type Section = 'process' | 'file' | 'network' | 'capabilities' | 'syscalls' | 'device' | 'presets';

export type MatchList =
  | 'matchPaths'
  | 'matchDirectories'
  | 'matchPatterns'
  | 'matchProtocols'
  | 'matchDNSQueries'
  | 'matchCapabilities'
  | 'matchSyscalls'
  | 'matchDevice'
  | 'presets';

export interface FlatRule {
  readonly section: Section;
  readonly list: MatchList;
  /** Where it stands in the policy: `['spec', 'file', 'matchPaths', 0]`. */
  readonly at: ValuePath;
  readonly fields: Fields;
  /** As written, the case of spec.action aside, which KubeArmor mends: `Block`, but also `block` or `Deny`. */
  readonly action: string;
  /** Where the action is written; undefined where none is and Block is meant. */
  readonly actionAt: ValuePath | undefined;
  /** Paths of fromSource; an entry without path is ''. undefined: the rule holds for every process. */
  readonly sources: readonly string[] | undefined;
}

const LISTS: Readonly<Record<Exclude<Section, 'presets'>, readonly MatchList[]>> = {
  process: ['matchPaths', 'matchDirectories', 'matchPatterns'],
  file: ['matchPaths', 'matchDirectories', 'matchPatterns'],
  network: ['matchProtocols', 'matchDNSQueries'],
  capabilities: ['matchCapabilities'],
  syscalls: ['matchSyscalls', 'matchPaths'],
  device: ['matchDevice'],
};

/** In the order in which KubeArmor works through them. */
export const SECTIONS = ['process', 'file', 'network', 'capabilities', 'syscalls', 'device'] as const;

/** The field that says what a rule is about, by its list. */
export const SUBJECT: Readonly<Record<MatchList, string>> = {
  matchPaths: 'path',
  matchDirectories: 'dir',
  matchPatterns: 'pattern',
  matchProtocols: 'protocol',
  matchDNSQueries: 'domain',
  matchCapabilities: 'capability',
  matchSyscalls: 'syscall',
  matchDevice: 'class',
  presets: 'name',
};

/** Every rule of a policy (its whole value, not its spec), in KubeArmor's order. */
export function flatRules(policy: unknown): FlatRule[] {
  const spec = isFields(policy) && isFields(policy.spec) ? policy.spec : {};
  const inherited = specAction(spec);
  return [
    ...SECTIONS.flatMap((section) => sectionRules(spec, section, inherited)),
    ...items(spec.presets).map(({ fields, index }): FlatRule => {
      const own = ownAction(fields, ['spec', 'presets', index]);
      // KubeArmor gives a preset no action of the policy: without its own it blocks (presets/*/preset.go).
      const { action, actionAt } = own ?? { action: 'Block', actionAt: undefined };
      return {
        section: 'presets',
        list: 'presets',
        at: ['spec', 'presets', index],
        fields,
        action,
        actionAt,
        sources: undefined,
      };
    }),
  ];
}

function sectionRules(spec: Fields, section: (typeof SECTIONS)[number], inherited: Inherited): FlatRule[] {
  const body = spec[section];
  if (!isFields(body)) return [];
  const above = section === 'syscalls' ? inherited : (ownAction(body, ['spec', section]) ?? inherited);
  return LISTS[section].flatMap((list) =>
    items(body[list]).map(({ fields, index }): FlatRule => {
      const at = ['spec', section, list, index];
      const own = section === 'syscalls' ? undefined : ownAction(fields, at);
      return { section, list, at, fields, ...(own ?? above), sources: sourcesOf(fields) };
    }),
  );
}

interface Inherited {
  readonly action: string;
  readonly actionAt: ValuePath | undefined;
}

function specAction(spec: Fields): Inherited {
  const own = ownAction(spec, ['spec']);
  if (own === undefined) return { action: 'Block', actionAt: undefined };
  const mended: Action | undefined = ({ allow: 'Allow', audit: 'Audit', block: 'Block' } as const)[own.action];
  return { action: mended ?? own.action, actionAt: own.actionAt };
}

function ownAction(fields: Fields, at: ValuePath): Inherited | undefined {
  const { action } = fields;
  return typeof action === 'string' && action !== '' ? { action, actionAt: [...at, 'action'] } : undefined;
}

function sourcesOf({ fromSource }: Fields): readonly string[] | undefined {
  if (!Array.isArray(fromSource) || fromSource.length === 0) return undefined;
  return fromSource.map((source: unknown) => (isFields(source) && typeof source.path === 'string' ? source.path : ''));
}

/** The text that a rule is about; '' where it has none. */
export function subjectOf(rule: FlatRule): string {
  const { execname } = rule.fields;
  if (rule.section === 'process' && typeof execname === 'string' && execname !== '') return execname;
  const subject = rule.fields[SUBJECT[rule.list]];
  return typeof subject === 'string' ? subject : '';
}

function items(list: unknown): { readonly fields: Fields; readonly index: number }[] {
  if (!Array.isArray(list)) return [];
  return list.flatMap((fields: unknown, index) => (isFields(fields) ? [{ fields, index }] : []));
}

export function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Rules whose subject is a list with commas, one each (comma-list.ts). */
export function expandCommas(rules: readonly FlatRule[]): FlatRule[] {
  const split = new Map<MatchList, boolean>();
  return rules.flatMap((rule) => {
    if (!COMMA_LISTS.has(rule.list)) return [rule];
    const subject = subjectOf(rule);
    if (!split.has(rule.list)) split.set(rule.list, isCommaList(subject));
    if (split.get(rule.list) !== true) return [rule];
    return commaParts(subject).map((part) => ({ ...rule, fields: { ...rule.fields, [SUBJECT[rule.list]]: part } }));
  });
}

const COMMA_LISTS: ReadonlySet<MatchList> = new Set(['matchProtocols', 'matchDNSQueries', 'matchCapabilities']);
