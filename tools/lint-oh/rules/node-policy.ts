import { isFields } from '#policy/flat-rules.ts';
import type { Rule } from '#policy/lint/rule.ts';
import type { Definition } from '../definition.ts';
import { nodePolicy } from '../example.ts';
import { known, mapsAt } from '../shape-faults.ts';

/** Rules about the policies of nodes and of their management (reference/anax.md §1.4, §6.4; exchange-mms.md §A.10). */
export const nodePolicyRules: readonly Rule<Definition>[] = [
  {
    id: 'OH408',
    title: 'constraints of the top level that do not hold',
    severity: 'warning',
    why:
      'The constraints of the `deployment` or `management` section of a node policy *replace* those of the top level; ' +
      'properties are merged (§6.4).',
    fix: 'Move the constraints into the sections.',
    bad: nodePolicy('{ name: site, value: a }', 'constraints: ["openhorizon.service.org == acme"]\n').replace(
      'constraints: []\n',
      'constraints: ["purpose == web"]\n',
    ),
    good: nodePolicy('{ name: site, value: a }').replace('constraints: []\n', 'constraints: ["purpose == web"]\n'),
    *check({ kind, fields }) {
      if (kind !== 'node policy' || !hasEntries(fields.constraints)) return;
      for (const name of ['deployment', 'management']) {
        const section = fields[name];
        if (!isFields(section) || !hasEntries(section.constraints)) continue;
        yield {
          path: ['constraints'],
          onKey: true,
          message: `those of the ${name} section replace these`,
          fix: `Move them to ${name}.`,
        };
      }
    },
  },
  {
    id: 'OH409',
    title: 'allowPrivileged where patterns do not see it',
    severity: 'warning',
    why: 'For a node with a pattern only the top level of its policy counts; for one without, the deployment section does as well (§1.4).',
    fix: 'Move openhorizon.allowPrivileged to the top level.',
    bad: 'properties: []\ndeployment:\n  properties:\n    - { name: openhorizon.allowPrivileged, value: true }\n  constraints: []\n',
    good: nodePolicy('{ name: openhorizon.allowPrivileged, value: true }'),
    *check({ kind, fields }) {
      if (kind !== 'node policy' || !isFields(fields.deployment)) return;
      for (const { fields: property, index } of mapsAt(fields.deployment, 'properties')) {
        if (property.name !== 'openhorizon.allowPrivileged') continue;
        yield {
          path: ['deployment', 'properties', index],
          message: 'a node with a pattern does not see this here',
          fix: 'Move it to the top level.',
        };
      }
    },
  },
  {
    id: 'OH410',
    title: 'management policy for patterns and constraints at once',
    severity: 'error',
    why: 'The Exchange answers 400 when both are there, also when `patterns` is empty; `start` is "now" or an RFC 3339 time (exchange-mms.md §0, §A.10).',
    fix: 'Keep one of the two.',
    bad: 'label: Agents\nenabled: true\nconstraints: ["site == a"]\npatterns: []\nagentUpgradePolicy: { manifest: acme/1.0 }\n',
    good: 'label: Agents\nenabled: true\nconstraints: ["site == a"]\nagentUpgradePolicy: { manifest: acme/1.0 }\n',
    *check({ kind, fields }) {
      if (kind !== 'management policy') return;
      if (Array.isArray(fields.patterns) && Array.isArray(fields.constraints)) {
        yield {
          path: ['patterns'],
          onKey: true,
          message: 'patterns and constraints exclude each other',
          fix: 'Keep one of the two.',
        };
      }
      const start = known(fields, 'start');
      if (
        start === undefined ||
        start === 'now' ||
        /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)$/.test(start)
      )
        return;
      yield { path: ['start'], message: `"${start}" is no time`, fix: 'Write now, or 2026-01-31T08:00:00Z.' };
    },
  },
];

function hasEntries(value: unknown): boolean {
  return Array.isArray(value) && value.length > 0;
}
