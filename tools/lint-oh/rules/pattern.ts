import type { ValuePath } from '#policy/document.ts';
import { type Fields, isFields } from '#policy/flat-rules.ts';
import type { Report, Rule } from '#policy/lint/rule.ts';
import type { Definition } from '../definition.ts';
import { pattern } from '../example.ts';
import { mapsAt } from '../shape-faults.ts';

/** Rules about patterns (reference/anax.md §3.4, §6.2; exchange-mms.md §A.8). */
export const patternRules: readonly Rule<Definition>[] = [
  {
    id: 'OH406',
    title: 'public pattern',
    severity: 'warning',
    why: 'The Exchange answers 400 to a public pattern, except in organizations of type IBM.',
    fix: 'Write `public: false`.',
    bad: pattern('').replace('public: false', 'public: true'),
    good: pattern(''),
    *check({ kind, fields }) {
      if (kind === 'pattern' && fields.public === true)
        yield { path: ['public'], message: 'only organizations of type IBM have public patterns', fix: 'Write false.' };
    },
  },
  {
    id: 'OH407',
    title: 'override that changes nothing',
    severity: 'warning',
    why:
      'Of `deployment_overrides` the agent takes the environment only; everything else is ignored. As a text it needs its ' +
      'signature. hzn loads the key for the first override of a file only (§3.4, §6.2).',
    fix: 'Override `environment`, or publish another version.',
    bad: pattern('        deployment_overrides: { services: { web: { image: "web:2" } } }\n'),
    good: pattern('        deployment_overrides: { services: { web: { environment: ["MODE=fast"] } } }\n'),
    *check({ kind, fields }) {
      if (kind !== 'pattern') return;
      for (const { fields: each, index } of mapsAt(fields, 'services')) {
        for (const { fields: version, index: place } of mapsAt(each, 'serviceVersions')) {
          yield* overrideFaults(version, ['services', index, 'serviceVersions', place]);
        }
      }
    },
  },
];

function* overrideFaults(version: Fields, at: ValuePath): Generator<Report> {
  const { deployment_overrides: overrides, deployment_overrides_signature: signature } = version;
  if (typeof overrides === 'string' && overrides !== '' && (signature === undefined || signature === '')) {
    yield {
      path: [...at, 'deployment_overrides'],
      onKey: true,
      message: 'overrides as text need their signature',
      fix: 'Sign them, or write a map.',
      severity: 'error',
    };
  }
  if (!isFields(overrides) || !isFields(overrides.services)) return;
  for (const [name, container] of Object.entries(overrides.services)) {
    if (!isFields(container)) continue;
    for (const field of Object.keys(container)) {
      if (field === 'environment') continue;
      yield {
        path: [...at, 'deployment_overrides', 'services', name, field],
        onKey: true,
        message: `${field} can not be overridden`,
        fix: 'Override environment only.',
      };
    }
  }
}
