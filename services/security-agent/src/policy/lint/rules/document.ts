import { didYouMean } from '../../did-you-mean.ts';
import type { ParsedDocument, ValuePath } from '../../document.ts';
import { isFields, SECTIONS } from '../../flat-rules.ts';
import { isPolicyKind, POLICY_KINDS } from '../../kinds.ts';
import { containerPolicy } from '../example.ts';
import { textAt } from '../policy-subject.ts';
import type { Report, Rule } from '../rule.ts';

const good = containerPolicy('  process:\n    matchPaths:\n      - path: /usr/bin/apt\n');

/** Rules about a document before it is known to be a policy, and about how its values are written. */
export const documentRules: readonly Rule<ParsedDocument>[] = [
  {
    id: 'KA005',
    title: 'word that is a truth value to other readers',
    severity: 'warning',
    why:
      'In YAML 1.1, which kubectl and karmor read, an unquoted `yes`, `no`, `on`, `off`, `y` or `n` is true or false. ' +
      'As a tag or message it makes the policy Invalid; as `pts: no` it works there and is a text everywhere else.',
    fix: 'Write true or false where that is meant, and put the word in quotes where it is a text.',
    bad: containerPolicy('  tags: [host, on]\n  process:\n    matchPaths:\n      - path: /usr/bin/apt\n'),
    good: containerPolicy('  tags: [host, "on"]\n  process:\n    matchPaths:\n      - path: /usr/bin/apt\n'),
    *check(document) {
      if (!meansPolicy(document.value)) return;
      for (const { path, text } of words(document.value, [])) {
        if (document.isQuoted(path)) continue;
        yield {
          path,
          message: `${text} without quotes is a truth value to kubectl and karmor`,
          fix: `Write "${text}", or true or false.`,
        };
      }
    },
  },
  {
    id: 'KA017',
    title: 'kind missing or unknown',
    severity: 'error',
    why: 'What the kind is decides which fields there are; nobody guesses it.',
    fix: `Write one of ${POLICY_KINDS.map((kind) => `\`${kind}\``).join(', ')}.`,
    bad: good.replace('kind: KubeArmorPolicy', 'kind: KubearmorPolicy'),
    good,
    repaired: good,
    *check({ value }) {
      if (!isFields(value) || isPolicyKind(value.kind) || !meansPolicy(value)) return;
      const { kind } = value;
      const near = POLICY_KINDS.find((known) => known.toLowerCase() === textAt(value, 'kind').toLowerCase());
      yield {
        path: kind === undefined ? [] : ['kind'],
        message: kind === undefined ? 'kind is missing' : `${JSON.stringify(kind)} is no kind of KubeArmor policy`,
        fix: `${didYouMean(textAt(value, 'kind'), POLICY_KINDS)}Write one of ${POLICY_KINDS.join(', ')}.`,
        ...(near === undefined ? {} : { repair: { kind: 'set', path: ['kind'], value: near } }),
      } satisfies Report;
    },
  },
];

/** A policy of KubeArmor, or what was meant to be one. */
export function meansPolicy(value: unknown): boolean {
  if (!isFields(value)) return false;
  const { kind, apiVersion, spec } = value;
  if (typeof kind === 'string' && /^kubearmor\w*policy$/i.test(kind)) return true;
  if (typeof apiVersion === 'string' && apiVersion.startsWith('security.kubearmor.com')) return true;
  return kind === undefined && isFields(spec) && SECTIONS.some((section) => isFields(spec[section]));
}

function* words(value: unknown, path: ValuePath): Generator<{ readonly path: ValuePath; readonly text: string }> {
  if (typeof value === 'string') {
    if (/^(?:y|yes|n|no|on|off)$/i.test(value)) yield { path, text: value };
  } else if (Array.isArray(value)) {
    for (const [index, child] of value.entries()) yield* words(child, [...path, index]);
  } else if (isFields(value)) {
    for (const [key, child] of Object.entries(value)) yield* words(child, [...path, key]);
  }
}
