import type { SecurityEvent } from '../event.ts';
import { type FeederObject, targetMatches } from './feeder-target.ts';
import type { ObjectRule } from './rule.ts';

const NO_RULES: readonly ObjectRule[] = Object.freeze([]);

/**
 * Object rules of one action and operation, found without going through all of them. Rules come out in KubeArmor's
 * order, with source and target matching and flags met.
 */
export class FeederIndex {
  private readonly byPath = new Map<string, ObjectRule[]>();
  private readonly byDirectory = new Map<string, ObjectRule[]>();
  /** Lengths that directories in `byDirectory` have: parents of other lengths need no look-up. */
  private readonly directoryLengths = new Set<number>();
  /** Patterns, directories without a slash, the whole file system: compared one by one. */
  private readonly others: ObjectRule[] = [];
  readonly rules: readonly ObjectRule[];

  constructor(rules: readonly ObjectRule[]) {
    this.rules = rules;
    for (const rule of rules) this.add(rule);
  }

  private add(rule: ObjectRule): void {
    if (rule.kind === 'path' && !rule.path.endsWith('/')) append(this.byPath, rule.path, rule);
    else if (rule.kind === 'directory' && rule.directory.endsWith('/') && rule.directory !== '/') {
      append(this.byDirectory, rule.directory, rule);
      this.directoryLengths.add(rule.directory.length);
    } else this.others.push(rule);
  }

  /** Rules that name the event's object, whatever their source and flags, in order. */
  candidates(object: FeederObject): readonly ObjectRule[] {
    const named = this.byPath.get(object.path);
    if (this.byDirectory.size === 0 && this.others.length === 0) return named ?? NO_RULES;
    const found = named === undefined ? [] : [...named];
    if (this.byDirectory.size > 0) this.addDirectories(object, found);
    for (const rule of this.others) if (targetMatches(rule, object)) found.push(rule);
    return found.length > 1 ? found.sort((one, other) => one.order - other.order) : found;
  }

  private addDirectories({ operation, directory, resource }: FeederObject, found: ObjectRule[]): void {
    for (let at = directory.indexOf('/'); at >= 0; at = directory.indexOf('/', at + 1)) {
      if (!this.directoryLengths.has(at + 1)) continue;
      for (const rule of this.byDirectory.get(directory.slice(0, at + 1)) ?? NO_RULES) {
        if (rule.kind === 'directory' && (rule.recursive || at + 1 === directory.length)) found.push(rule);
      }
    }
    if (operation === 'file' && this.directoryLengths.has(resource.length + 1)) {
      found.push(...(this.byDirectory.get(`${resource}/`) ?? NO_RULES));
    }
  }
}

function append(index: Map<string, ObjectRule[]>, key: string, rule: ObjectRule): void {
  const rules = index.get(key);
  if (rules === undefined) index.set(key, [rule]);
  else rules.push(rule);
}

/** The feeder takes either the program or its parent for the source; an empty one is nobody (policyMatcher.go). */
export function sourceMatches(rule: ObjectRule, object: FeederObject): boolean {
  if (rule.kind === 'pattern' || rule.sources === undefined) return true;
  return rule.sources.some((source) => source !== '' && (source === object.parent || source === object.program));
}

/**
 * Whether the rule's conditions (readOnly, ownerOnly, pts) hold; undefined where they hang on an owner that the event
 * does not tell. Only one of them is looked at, in this order.
 */
export function flagsMatch(rule: ObjectRule, event: SecurityEvent): boolean | undefined {
  const allows = rule.ref.action === 'Allow';
  const reads = event.data.includes('O_RDONLY');
  const readOnly = rule.kind !== 'execname' && rule.readOnly && event.resource !== '';
  if (readOnly && rule.ownerOnly) {
    const owner = isOwner(event);
    if (!reads) return true;
    return owner === undefined ? undefined : owner ? allows : true;
  }
  if (readOnly) return reads ? allows : true;
  if (rule.ownerOnly) {
    const owner = isOwner(event);
    return owner === undefined ? undefined : owner ? allows : true;
  }
  if (rule.kind !== 'pattern' && rule.onlyWithTty) return event.actor.tty !== '';
  return true;
}

/** Events of the LSM carry no owner, which the feeder takes for root. */
function isOwner(event: SecurityEvent): boolean | undefined {
  if (event.lsm !== undefined) return event.actor.uid === 0;
  return event.ownerUid === undefined ? undefined : event.ownerUid === event.actor.uid;
}
