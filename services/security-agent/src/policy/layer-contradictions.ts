import type { Layer } from './payload.ts';
import type { Action, RuleSections, SecurityPolicy, SourcePath, Verdict } from './types.ts';

/** Something that two layers say against each other, or that can not be read. */
export interface LayerWarning {
  readonly kind: 'allow-list-and-block' | 'two-allow-lists' | 'same-key' | 'unreadable-target';
  /** Names of the policies, or ids of the payloads, concerned. */
  readonly policies: readonly string[];
  readonly message: string;
}

export interface LayeredPolicy {
  readonly layer: Layer;
  readonly policy: SecurityPolicy;
}

/** One rule as the enforcer keys it: what it is about, and the source it is for (reference/kubearmor.md §4.5). */
interface KeyedRule {
  readonly policy: string;
  readonly layer: Layer;
  readonly category: Category;
  readonly key: string;
  readonly source: string;
  readonly action: Action;
  /** Allow: reading alone; Block and Audit: writing alone. */
  readonly readOnly: boolean;
}

type Category = 'process' | 'file' | 'network' | 'DNS' | 'capabilities';

/**
 * Where policies that hold together contradict each other (§4.5). Legal all of it, and at times meant: a Block inside an
 * allow-list carves out a secret. Rarely meant when the two come from different people.
 */
export function contradictions(policies: readonly LayeredPolicy[]): LayerWarning[] {
  const rules = policies.flatMap(keyedRules);
  return [...allowListWarnings(rules), ...sameKeyWarnings(rules)];
}

function allowListWarnings(rules: readonly KeyedRule[]): LayerWarning[] {
  const categories = [...new Set(rules.map(({ category }) => category))];
  return categories.flatMap((category): LayerWarning[] => {
    const ofCategory = rules.filter((rule) => rule.category === category);
    const allowing = owners(ofCategory, 'Allow');
    const blocking = owners(ofCategory, 'Block').filter(([name]) => !allowing.some(([other]) => other === name));
    if (allowing.length === 0) return [];
    return [
      ...(allowing.length > 1
        ? [
            {
              kind: 'two-allow-lists' as const,
              policies: allowing.map(([name]) => name),
              message: `${category}: ${listed(allowing)} each allow a list; the union of the lists is allowed, and each is wider than written`,
            },
          ]
        : []),
      ...(blocking.length > 0
        ? [
            {
              kind: 'allow-list-and-block' as const,
              policies: [...allowing, ...blocking].map(([name]) => name),
              message: `${category}: ${listed(allowing)} make an allow-list of it (everything else falls to the node's default posture), while ${listed(blocking)} block single things`,
            },
          ]
        : []),
    ];
  });
}

function sameKeyWarnings(rules: readonly KeyedRule[]): LayerWarning[] {
  const byKey = Map.groupBy(rules, ({ category, key, source }) => `${category}\0${key}\0${source}`);
  return [...byKey.values()].flatMap((same) => {
    const [first] = same;
    const other = same.find((rule) => first !== undefined && disagree(first, rule));
    if (first === undefined || other === undefined) return [];
    const both = [first, other].map(({ policy, layer, action }) => `${policy} (${layer}) says ${action}`);
    const outcome = [first, other].some(({ action }) => action === 'Block')
      ? 'Block wins'
      : 'the access is allowed and reported';
    const from = first.source === '' ? '' : ` from ${first.source}`;
    return [
      {
        kind: 'same-key' as const,
        policies: [first.policy, other.policy],
        message: `${first.category} ${first.key}${from}: ${both.join(', ')}; ${outcome}`,
      },
    ];
  });
}

/** An Allow for reading and a Block of writing are two halves of one intention. */
function disagree(a: KeyedRule, b: KeyedRule): boolean {
  if (a.policy === b.policy || a.action === b.action) return false;
  return !(a.readOnly && b.readOnly && (a.action === 'Allow' || b.action === 'Allow'));
}

/** The policies that have a rule of this action, with their layers. */
function owners(rules: readonly KeyedRule[], action: Action): [name: string, layer: Layer][] {
  const found = rules.filter((rule) => rule.action === action).map(({ policy, layer }) => [policy, layer] as const);
  return [...new Map(found)].map(([name, layer]) => [name, layer]);
}

function listed(policies: readonly [name: string, layer: Layer][]): string {
  return policies.map(([name, layer]) => `${name} (${layer})`).join(' and ');
}

function keyedRules({ policy, layer }: LayeredPolicy): KeyedRule[] {
  const { spec } = policy;
  const { process, file, network, capabilities } = spec;
  const rule = (
    category: Category,
    section: Verdict | undefined,
    key: string | undefined,
    each: Verdict & { readonly fromSource?: readonly SourcePath[]; readonly readOnly?: boolean },
  ): KeyedRule[] => {
    if (key === undefined) return [];
    const sources = each.fromSource?.map(({ path }) => path) ?? [];
    return (sources.length === 0 ? [''] : sources).map((source) => ({
      policy: policy.metadata.name,
      layer,
      category,
      key,
      source,
      action: actionOf(each, section, spec),
      readOnly: each.readOnly === true,
    }));
  };
  return [
    ...(process?.matchPaths ?? []).flatMap((each) => rule('process', process, each.path ?? each.execname, each)),
    ...(process?.matchDirectories ?? []).flatMap((each) => rule('process', process, each.dir, each)),
    ...(file?.matchPaths ?? []).flatMap((each) => rule('file', file, each.path, each)),
    ...(file?.matchDirectories ?? []).flatMap((each) => rule('file', file, each.dir, each)),
    ...(network?.matchProtocols ?? []).flatMap((each) => rule('network', network, each.protocol.toLowerCase(), each)),
    ...(network?.matchDNSQueries ?? []).flatMap((each) => rule('DNS', network, each.domain.toLowerCase(), each)),
    ...(capabilities?.matchCapabilities ?? []).flatMap((each) =>
      rule('capabilities', capabilities, each.capability, each),
    ),
  ];
}

/** Rule, section, spec; nothing said is a Block (§4.1). */
function actionOf(rule: Verdict, section: Verdict | undefined, spec: RuleSections): Action {
  return rule.action ?? section?.action ?? spec.action ?? 'Block';
}
