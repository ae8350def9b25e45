import test from 'ava';
import fc from 'fast-check';
import { parseText } from '#policy/document.ts';
import { explainPolicies } from '#policy/explain.ts';
import { lintPolicy } from '#policy/lint/index.ts';
import { kubeArmorRules } from '#policy/lint/rules/index.ts';
import { trimDots } from '#policy/trim-dots.ts';

/** What careless expressions and loops take the square of. */
const UNITS = ['.', '/', '/a', ' ', 'a,', 'a.', '*', '(', '[', '{', '$'];
const LENGTH = 50_000;

type Way = readonly string[];

function* leaves(value: unknown, way: Way = []): Generator<Way> {
  if (typeof value !== 'object' || value === null) yield way;
  else for (const [key, child] of Object.entries(value)) yield* leaves(child, [...way, key]);
}

function replaced(value: unknown, [step, ...rest]: Way, text: string): unknown {
  if (step === undefined || typeof value !== 'object' || value === null) return text;
  const changed = Object.entries(value).map(
    ([key, child]) => [key, key === step ? replaced(child, rest, text) : child] as const,
  );
  return Array.isArray(value) ? changed.map(([, child]) => child) : Object.fromEntries(changed);
}

/** One example for each field that the rules know, and the way to it. */
const fields = new Map<string, readonly [unknown, Way]>();
for (const { bad, good } of [...kubeArmorRules.policy, ...kubeArmorRules.set])
  for (const { value } of [bad, good].filter((text) => text.length < 4000).flatMap((text) => parseText(text).documents))
    for (const way of leaves(value)) fields.set(way.filter((step) => !/^\d+$/.test(step)).join('.'), [value, way]);

test('fifty thousand characters in any field are judged and explained: work that grows with their square would not end', (t) => {
  t.true(fields.size >= 40);
  for (const [value, way] of fields.values())
    for (const unit of UNITS) {
      const policy = replaced(value, way, `/x${unit.repeat(LENGTH / unit.length)}!`);
      t.notThrows(() => lintPolicy(policy));
      t.notThrows(() => explainPolicies([policy], { enforcer: 'both', posture: 'block' }));
    }
});

test('dots are trimmed at the ends alone', (t) => {
  fc.assert(
    fc.property(fc.stringMatching(/^[a.é]{0,12}$/), (text) => t.is(trimDots(text), text.replace(/^\.+|\.+$/g, ''))),
  );
  t.is(trimDots(`a${'.'.repeat(1_000_000)}b`).length, 1_000_002);
});
