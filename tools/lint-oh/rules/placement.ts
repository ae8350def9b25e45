import type { ValuePath } from '#policy/document.ts';
import { type Fields, isFields } from '#policy/flat-rules.ts';
import type { Report, Rule } from '#policy/lint/rule.ts';
import type { Definition } from '../definition.ts';
import { deploymentPolicy } from '../example.ts';
import { mapsAt } from '../shape-faults.ts';

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
    bad: deploymentPolicy().replace('arch: "*"', 'arch: ""'),
    good: deploymentPolicy(),
    repaired: deploymentPolicy(),
    *check({ kind, fields, json }) {
      if (kind === 'deployment policy' && isFields(fields.service) && fields.service.arch === '') {
        const path = ['service', 'arch'];
        const message = 'hzn drops an empty architecture, and the Exchange refuses the policy';
        yield { path, message, fix: 'Write "*".', repair: { kind: 'set', path, value: '*' } };
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
