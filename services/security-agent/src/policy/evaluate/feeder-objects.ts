import type { SecurityEvent } from '../event.ts';
import {
  type Blame,
  type CategoryFeeder,
  type FeederPostures,
  type Passed,
  SILENT,
  UNLISTED,
  weighsAllowRules,
} from './feeder-answer.ts';
import { FeederIndex, flagsMatch, sourceMatches } from './feeder-index.ts';
import { type FeederObject, feederObject, targetMatches } from './feeder-target.ts';
import type { ObjectRule, Rule } from './rule.ts';

type Operation = 'process' | 'file';

/** Programs or files. Allow rules of either make an allow-list of both, as far as the feeder is concerned. */
export function objectFeeder(operation: Operation, rules: readonly Rule[], postures: FeederPostures): CategoryFeeder {
  const objects = rules.filter((rule) => isObjectRule(rule));
  const own = objects.filter((rule) => rule.operation === operation);
  const audits = new FeederIndex(own.filter(({ ref }) => ref.action === 'Audit'));
  const blocks = new FeederIndex(own.filter(({ ref }) => ref.action === 'Block'));
  const allows = own.filter((rule) => rule.ref.action === 'Allow' && hasEntries(rule));
  const anyAllowed = objects.some((rule) => rule.ref.action === 'Allow' && hasEntries(rule));
  const weighed = weighsAllowRules(postures);

  const auditsOf = (event: SecurityEvent, object: FeederObject): Passed | undefined => {
    const named = audits.candidates(object);
    if (named.length === 0) return undefined;
    const matching = named.filter((rule) => sourceMatches(rule, object));
    const certain = matching.filter((rule) => flagsMatch(rule, event) === true);
    if (certain.length > 0) return { audits: certain, posture: false };
    const possible = matching.filter((rule) => flagsMatch(rule, event) === undefined);
    return possible.length > 0 ? { audits: possible, posture: false, unknown: 'owner' } : undefined;
  };

  const reportsPosture = (event: SecurityEvent, object: FeederObject): boolean => {
    const [first] = allows;
    if (weighed && postures.inLoop?.file === 'audit' && first !== undefined) {
      // The first Allow rule settles it: once DefaultPosture is noted, a later match is no more than "lenient".
      return !permits(first, event, object, true);
    }
    if (weighed && allows.some((rule) => permits(rule, event, object))) return false;
    return anyAllowed && postures.leftOver.file === 'audit';
  };

  return {
    passed(event) {
      const object = feederObject(event, operation);
      return auditsOf(event, object) ?? (reportsPosture(event, object) ? UNLISTED : SILENT);
    },
    denied(event): Blame {
      const object = feederObject(event, operation);
      const block = blocks.candidates(object).find((rule) => sourceMatches(rule, object));
      if (block !== undefined) return block;
      const violated = (rule: ObjectRule): boolean =>
        sourceMatches(rule, object) && !(targetMatches(rule, object) && flagsMatch(rule, event) === true);
      if (weighed && allows.some(violated)) return 'posture';
      return anyAllowed && postures.leftOver.file === 'block' ? 'posture' : undefined;
    },
  };
}

function isObjectRule(rule: Rule): rule is ObjectRule {
  return rule.operation === 'process' || rule.operation === 'file';
}

/** A rule whose sources are all empty gives the feeder nothing to compare. */
function hasEntries(rule: ObjectRule): boolean {
  return rule.kind === 'pattern' || rule.sources === undefined || rule.sources.some((source) => source !== '');
}

/** @param firstSourceOnly each source is an entry of its own to the feeder */
function permits(rule: ObjectRule, event: SecurityEvent, object: FeederObject, firstSourceOnly = false): boolean {
  if (!targetMatches(rule, object) || flagsMatch(rule, event) !== true) return false;
  if (!firstSourceOnly || rule.kind === 'pattern' || rule.sources === undefined) return sourceMatches(rule, object);
  const source = rule.sources.find((each) => each !== '');
  return source === object.parent || source === object.program;
}
