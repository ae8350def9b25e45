import type { ValuePath } from '#policy/document.ts';
import { type Fields, isFields } from '#policy/flat-rules.ts';
import type { Report, Rule } from '#policy/lint/rule.ts';
import type { Definition } from '../definition.ts';
import { deploymentPolicy, nodePolicy } from '../example.ts';
import { known, mapsAt } from '../shape-faults.ts';

const pattern = (lines: string): string => `label: Web
public: false
services:
  - serviceUrl: web
    serviceOrgid: acme
    serviceArch: amd64
    serviceVersions:
      - version: "1.0.0"
${lines}`;

const priorities = (first: string, second: string): string =>
  deploymentPolicy().replace(
    '    - version: "1.0.0"\n      priority: {}\n',
    `    - version: "1.1.0"\n      priority: ${first}\n    - version: "1.0.0"\n      priority: ${second}\n`,
  );
const tried = (value: number): string => `{ priority_value: ${value}, retries: 1, retry_durations: 1800 }`;

/** Rules about which nodes get what (reference/anax.md §6.1, §6.2, §6.4; exchange-mms.md §A.8–A.10). */
export const placementRules: readonly Rule<Definition>[] = [
  {
    id: 'OH401',
    title: 'no constraints: every node',
    severity: 'warning',
    why:
      'A deployment policy without constraints goes to every node whose own policy does not object, those of others in ' +
      'the organization included. hzn refuses to publish one without --no-constraints; the Exchange does not.',
    fix: 'Add a constraint.',
    bad: deploymentPolicy().replace(/constraints:[\s\S]*$/, 'constraints: []\n'),
    good: deploymentPolicy(),
    *check({ kind, fields }) {
      if (kind !== 'deployment policy') return;
      if (Array.isArray(fields.constraints) && fields.constraints.length > 0) return;
      yield {
        path: fields.constraints === undefined ? ['service'] : ['constraints'],
        onKey: true,
        message: 'without constraints every node gets this',
        fix: 'Add a constraint.',
      };
    },
  },
  {
    id: 'OH402',
    title: 'architecture missing or unusable',
    severity: 'error',
    why:
      'In a deployment policy "*" stands for any architecture; an empty one is dropped by hzn, and the Exchange answers ' +
      '400. In a pattern there is no "*": each architecture is an entry of its own (exchange-mms.md §A.8).',
    fix: 'Write "*" in a deployment policy, amd64 or arm64 in a pattern.',
    bad: pattern('').replace('serviceArch: amd64', 'serviceArch: "*"'),
    good: pattern(''),
    *check({ kind, fields, json }) {
      if (kind === 'deployment policy' && isFields(fields.service) && fields.service.arch === '') {
        yield {
          path: ['service', 'arch'],
          message: 'hzn drops an empty architecture, and the Exchange refuses the policy',
          fix: 'Write "*".',
        };
      }
      if (kind !== 'pattern') return;
      for (const { fields: each, index } of mapsAt(fields, 'services')) {
        const at = ['services', index];
        if (each.serviceArch === '*')
          yield {
            path: [...at, 'serviceArch'],
            message: 'a pattern has no "*" for architectures',
            fix: 'Write an entry for each.',
          };
        else if (json && (each.serviceArch === undefined || each.serviceArch === ''))
          yield { path: at, message: 'serviceArch is missing', fix: 'Add it.' };
      }
    },
  },
  {
    id: 'OH403',
    title: 'no version to deploy',
    severity: 'error',
    why: 'Exchange and hzn refuse an empty list of versions.',
    fix: 'Name at least one version.',
    bad: deploymentPolicy().replace(/serviceVersions:[\s\S]*priority: \{\}\n/, 'serviceVersions: []\n'),
    good: deploymentPolicy(),
    *check(definition) {
      for (const { holder, at } of holdersOf(definition)) {
        if (Array.isArray(holder.serviceVersions) && holder.serviceVersions.length === 0) {
          yield {
            path: [...at, 'serviceVersions'],
            onKey: true,
            message: 'there is no version here',
            fix: 'Name one.',
          };
        }
      }
      const { kind, fields } = definition;
      if (kind === 'pattern' && Array.isArray(fields.services) && fields.services.length === 0) {
        yield { path: ['services'], onKey: true, message: 'there is no service here', fix: 'Name one.' };
      }
    },
  },
  {
    id: 'OH404',
    title: 'priorities that do not decide',
    severity: 'error',
    why:
      'Several versions need different priorities above 0; a priority needs `retries` and `retry_durations` above 0, and ' +
      'they need it. hzn says so; published otherwise, the agbot leaves the policy out (§6.1).',
    fix: 'Write { priority_value: 1, retries: 1, retry_durations: 1800 } for the first choice, 2 for the next.',
    bad: priorities(tried(1), tried(1)),
    good: priorities(tried(1), tried(2)),
    *check(definition) {
      for (const { holder, at } of holdersOf(definition)) {
        const versions = mapsAt(holder, 'serviceVersions');
        const seen = new Set<number>();
        for (const { fields, index } of versions) {
          const priority = isFields(fields.priority) ? fields.priority : {};
          const path = [...at, 'serviceVersions', index, ...(isFields(fields.priority) ? ['priority'] : [])];
          yield* priorityFaults(priority, path, versions.length > 1, seen);
        }
      }
    },
  },
  {
    id: 'OH405',
    title: 'update that nothing looks at',
    severity: 'info',
    why: '`upgradePolicy` is taken and stored, and has no effect anywhere (§6.1).',
    fix: 'Leave it away; priorities and new policies decide.',
    bad: deploymentPolicy().replace('priority: {}', 'upgradePolicy: { lifecycle: immediate }'),
    good: deploymentPolicy(),
    *check(definition) {
      for (const { holder, at } of holdersOf(definition)) {
        for (const { fields, index } of mapsAt(holder, 'serviceVersions')) {
          if (!isFields(fields.upgradePolicy) || Object.keys(fields.upgradePolicy).length === 0) continue;
          yield {
            path: [...at, 'serviceVersions', index, 'upgradePolicy'],
            onKey: true,
            message: 'upgradePolicy has no effect',
            fix: 'Leave it away.',
          };
        }
      }
    },
  },
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
      if (fields.patterns !== undefined && fields.constraints !== undefined) {
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

/** What names versions of a service: the service of a deployment policy, the services of a pattern. */
function holdersOf({ kind, fields }: Definition): { readonly holder: Fields; readonly at: ValuePath }[] {
  if (kind === 'deployment policy')
    return isFields(fields.service) ? [{ holder: fields.service, at: ['service'] }] : [];
  if (kind !== 'pattern') return [];
  return mapsAt(fields, 'services').map(({ fields: holder, index }) => ({ holder, at: ['services', index] }));
}

function* priorityFaults(priority: Fields, path: ValuePath, several: boolean, seen: Set<number>): Generator<Report> {
  const number = (name: string): number => (typeof priority[name] === 'number' ? priority[name] : 0);
  const value = number('priority_value');
  const rest = ['retries', 'retry_durations'].filter((name) => number(name) === 0);
  if (value !== 0 && rest.length > 0) {
    yield { path, message: `a priority needs ${rest.join(' and ')} above 0`, fix: 'Add them.' };
  } else if (value === 0 && (rest.length < 2 || number('verified_durations') !== 0)) {
    yield { path, message: 'retries without a priority_value are refused', fix: 'Add priority_value, or write {}.' };
  } else if (several && value === 0) {
    yield { path, message: 'several versions need a priority each', fix: 'Add priority_value: 1 to the first choice.' };
  } else if (several && seen.has(value)) {
    yield { path, message: `another version has priority ${value} as well`, fix: 'Give each its own.' };
  }
  if (value !== 0) seen.add(value);
}

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

function hasEntries(value: unknown): boolean {
  return Array.isArray(value) && value.length > 0;
}
