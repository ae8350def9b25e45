import type { DnsMatch } from './rule.ts';

/**
 * DNS rules by what they name. The feeder takes a rule for a query if the queried name, or one of its parents, is the
 * rule's domain or continues it with a suffix; letters of any case (feeder/policyMatcher.go, case "Network").
 */
export class DomainIndex {
  private readonly byDomain = new Map<string, DnsMatch[]>();

  constructor(rules: readonly DnsMatch[]) {
    for (const rule of rules) {
      const domain = rule.domain.toLowerCase();
      const known = this.byDomain.get(domain);
      if (known === undefined) this.byDomain.set(domain, [rule]);
      else known.push(rule);
    }
  }

  /** Rules about a queried name, in KubeArmor's order. */
  about(queried: string): readonly DnsMatch[] {
    if (this.byDomain.size === 0) return [];
    const name = queried.toLowerCase();
    const found: DnsMatch[] = [];
    for (let start = 0; start >= 0; start = nextLabel(name, start)) {
      for (let end = name.indexOf('.', start); end >= 0; end = name.indexOf('.', end + 1)) {
        found.push(...(this.byDomain.get(name.slice(start, end)) ?? []));
      }
      found.push(...(this.byDomain.get(name.slice(start)) ?? []));
    }
    return found.length > 1 ? [...new Set(found)].sort((one, other) => one.order - other.order) : found;
  }
}

/** Where the next label begins; -1 behind the last. */
function nextLabel(name: string, start: number): number {
  const dot = name.indexOf('.', start);
  return dot < 0 ? -1 : dot + 1;
}
