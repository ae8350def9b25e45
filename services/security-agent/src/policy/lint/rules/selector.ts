import type { ValuePath } from '../../document.ts';
import { type Fields, isFields } from '../../flat-rules.ts';
import { containerPolicy, hostPolicy } from '../example.ts';
import type { PolicySubject } from '../policy-subject.ts';
import type { Report, Rule } from '../rule.ts';

const CONTAINER_NAME = 'kubearmor.io/container.name';
const HOST_LABELS = ['kubearmor.io/hostname', 'kubearmor.io/hostnamereg'];

const rules = '  process:\n    matchPaths:\n      - path: /usr/bin/apt\n';
const selecting = (...labels: string[]): string =>
  containerPolicy(`  selector:\n    matchLabels:\n${labels.map((label) => `      ${label}\n`).join('')}${rules}`);
const good = selecting('openhorizon.anax.service_name: web');

/** Rules about whom a policy is for (reference/kubearmor.md §3.2, §4.3). */
export const selectorRules: readonly Rule<PolicySubject>[] = [
  {
    id: 'KA101',
    title: 'selector without labels',
    severity: 'error',
    why:
      'Outside Kubernetes KubeArmor answers Invalid to a container policy without `selector.matchLabels`; in Kubernetes ' +
      'such a policy holds for every pod of its namespace (§3.2). A policy without any selector is fine here: attaching ' +
      'it to a deployment fills one in.',
    fix: 'Put the labels under `matchLabels`, or leave the selector away and attach the policy.',
    bad: containerPolicy(`  selector:\n    app: web\n${rules}`),
    good,
    *check({ kind, spec }) {
      const { selector } = spec;
      if (kind !== 'KubeArmorPolicy' || !isFields(selector) || Object.keys(selector).length === 0) return;
      if (labels(selector).length > 0 || selector.matchExpressions !== undefined) return;
      yield {
        path: ['spec', 'selector'],
        onKey: true,
        message: 'this selector has no matchLabels: KubeArmor answers Invalid, or takes every pod',
        fix: 'Put the labels under matchLabels.',
      };
    },
  },
  {
    id: 'KA102',
    title: 'container name beside other labels',
    severity: 'warning',
    why:
      `Outside Kubernetes \`${CONTAINER_NAME}\` excludes every other label: together they are answered with Invalid ` +
      '(unorchestratedUpdates.go; §3.2).',
    fix: 'Keep one: the label that anax puts on every container, `openhorizon.anax.service_name`, is the steady one.',
    bad: selecting(`${CONTAINER_NAME}: web`, 'app: web'),
    good,
    *check(subject) {
      const path = labelPath(subject, CONTAINER_NAME);
      if (path === undefined || labels(subject.spec.selector).length < 2) return;
      yield {
        path,
        onKey: true,
        message: `${CONTAINER_NAME} beside other labels is Invalid outside Kubernetes`,
        fix: 'Keep the name or the labels.',
      };
    },
  },
  {
    id: 'KA103',
    title: 'container name that is no regular expression',
    severity: 'error',
    why:
      'The value is compiled as a POSIX regular expression; one that does not compile is answered with Invalid. `*` is ' +
      'such a value: all containers are `.*` (§3.2).',
    fix: 'Write a regular expression.',
    bad: selecting(`${CONTAINER_NAME}: "*"`),
    good: selecting(`${CONTAINER_NAME}: "web$"`),
    *check(subject) {
      const path = labelPath(subject, CONTAINER_NAME);
      const value = labelValue(subject, CONTAINER_NAME);
      if (path === undefined || value === undefined || compiles(value)) return;
      // Beside other labels Kubernetes reads it as a list of containers; KA102 speaks of that.
      if (labels(subject.spec.selector).length > 1) return;
      yield {
        path,
        message: `"${value}" is no regular expression: KubeArmor answers Invalid`,
        fix: value === '*' ? 'Write ".*" for all containers.' : 'Mend the expression.',
      };
    },
  },
  {
    id: 'KA104',
    title: 'container name that selects more than one',
    severity: 'warning',
    only: 'bpf',
    why:
      'The name is matched from its beginning as a regular expression: `web` also selects `web-2` and `webmail`, a dot ' +
      'stands for any character, and `^web` selects nothing. Container names of Open Horizon begin with an agreement id ' +
      'that nobody knows before (§3.2, §3.9).',
    fix: 'End it with `$`, or select by `openhorizon.anax.service_name`, which is compared exactly.',
    bad: selecting(`${CONTAINER_NAME}: web`),
    good: selecting(`${CONTAINER_NAME}: "web$"`),
    *check(subject) {
      const path = labelPath(subject, CONTAINER_NAME);
      const value = labelValue(subject, CONTAINER_NAME);
      // KA102 speaks of a name beside other labels, which Kubernetes reads as a list of containers.
      if (path === undefined || value === undefined || !compiles(value) || labels(subject.spec.selector).length > 1)
        return;
      if (value === '') {
        yield {
          path,
          message: 'an empty name selects every container',
          fix: 'Write a name, or ".*" if all are meant.',
        };
      } else if (value.startsWith('^')) {
        yield {
          path,
          message: `"${value}" selects nothing: the text it is matched in begins with the label's name`,
          fix: 'Drop the ^.',
        };
      } else if (!value.endsWith('$') && !value.endsWith('.*')) {
        yield { path, message: `"${value}" selects every container whose name begins so`, fix: `Write "${value}$".` };
      }
    },
  },
  {
    id: 'KA105',
    title: 'label that AppArmor can not select by',
    severity: 'error',
    only: 'apparmor',
    why:
      `Under AppArmor a policy must name its profile: \`${CONTAINER_NAME}\` is mandatory and every other selector is ` +
      'Invalid. The container is then created with `security_opt: [apparmor=kubearmor_<the same value>]` (§3.2, §9).',
    fix: `Select by \`${CONTAINER_NAME}\`, and name the profile in the service definition; or require BPF-LSM.`,
    bad: good,
    good: selecting(`${CONTAINER_NAME}: "web$"`),
    *check(subject, { enforcer }) {
      const { kind, spec } = subject;
      if (kind !== 'KubeArmorPolicy' || labels(spec.selector).length === 0) return;
      if (labelPath(subject, CONTAINER_NAME) !== undefined) return;
      yield {
        path: ['spec', 'selector', 'matchLabels'],
        onKey: true,
        message: `without ${CONTAINER_NAME} the policy is Invalid under AppArmor`,
        fix: 'Select by the container name there.',
        ...(enforcer === 'both' ? { severity: 'info' } : {}),
      } satisfies Report;
    },
  },
  {
    id: 'KA106',
    title: 'host selector that selects no host',
    severity: 'warning',
    why:
      'Outside Kubernetes a host has one label, `kubearmor.io/hostname`, its value the one KubeArmor was started with ' +
      '(`-host`). A policy that asks for any other label, or for none, is answered with Applied, is listed, and holds ' +
      'nowhere (§0, §4.3).',
    fix: 'Write `kubearmor.io/hostname: "*"`, a name, or names with commas; or `kubearmor.io/hostnamereg`.',
    bad: hostPolicy(rules).replace('kubearmor.io/hostname: "*"', 'kubernetes.io/hostname: edge-1'),
    good: hostPolicy(rules),
    *check({ host, spec }) {
      const { nodeSelector } = spec;
      if (!host || !isFields(nodeSelector)) return;
      if (labels(nodeSelector).length === 0) {
        const message = 'a host policy without labels holds on no host';
        yield { path: ['spec', 'nodeSelector'], onKey: true, message, fix: 'Write kubearmor.io/hostname: "*".' };
      }
      for (const label of labels(nodeSelector)) {
        if (HOST_LABELS.includes(label)) continue;
        yield {
          path: ['spec', 'nodeSelector', 'matchLabels', label],
          onKey: true,
          message: `no host outside Kubernetes has the label ${label}`,
          fix: 'Use kubearmor.io/hostname.',
        };
      }
    },
  },
  {
    id: 'KA107',
    title: 'selects one agreement',
    severity: 'warning',
    why:
      'Agreement ids change whenever an agreement is made anew: after an update, a cancelled agreement, a node that ' +
      'registers again. The policy then holds for nobody (reference/anax.md §5.1).',
    fix: 'Select by `openhorizon.anax.service_name`.',
    bad: selecting('openhorizon.anax.agreement_id: 4f0d7a9b'),
    good,
    *check(subject) {
      const value = labelValue(subject, CONTAINER_NAME) ?? '';
      const path =
        labelPath(subject, 'openhorizon.anax.agreement_id') ??
        (/^[0-9a-f]{64}/.test(value) ? labelPath(subject, CONTAINER_NAME) : undefined);
      if (path === undefined) return;
      const message = 'the agreement id is another one after the next agreement';
      yield { path, message, fix: 'Select by openhorizon.anax.service_name.' };
    },
  },
];

function labels(selector: unknown): string[] {
  return isFields(selector) && isFields(selector.matchLabels) ? Object.keys(selector.matchLabels) : [];
}

function matchLabels({ kind, spec }: PolicySubject): Fields {
  const { selector } = spec;
  return kind === 'KubeArmorPolicy' && isFields(selector) && isFields(selector.matchLabels) ? selector.matchLabels : {};
}

function labelPath(subject: PolicySubject, label: string): ValuePath | undefined {
  return Object.hasOwn(matchLabels(subject), label) ? ['spec', 'selector', 'matchLabels', label] : undefined;
}

function labelValue(subject: PolicySubject, label: string): string | undefined {
  const value = matchLabels(subject)[label];
  return typeof value === 'string' ? value : undefined;
}

/** Near enough to POSIX for names: what JavaScript refuses, Go refuses as well. */
function compiles(expression: string): boolean {
  try {
    new RegExp(expression);
    return true;
  } catch {
    return false;
  }
}
