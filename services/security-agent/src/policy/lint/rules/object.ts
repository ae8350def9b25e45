import { didYouMean, isSlipOf } from '../../did-you-mean.ts';
import type { ValuePath } from '../../document.ts';
import { isFields } from '../../flat-rules.ts';
import { API_VERSION } from '../../kinds.ts';
import { policyProblems } from '../../schema.ts';
import { valueAt } from '../../value-path.ts';
import { containerPolicy, hostPolicy } from '../example.ts';
import type { PolicySubject } from '../policy-subject.ts';
import { textAt } from '../policy-subject.ts';
import type { Rule } from '../rule.ts';
import { unknownFields } from '../unknown-fields.ts';

const good = containerPolicy('  process:\n    matchPaths:\n      - path: /usr/bin/apt\n');

/** Rules about a policy as an object: its fields, its kind, its name. */
export const objectRules: readonly Rule<PolicySubject>[] = [
  {
    id: 'KA010',
    title: 'does not fit the schema',
    severity: 'error',
    why:
      "KubeArmor's CRD rejects it. Outside Kubernetes nobody validates: a wrong type makes the whole policy Invalid, a " +
      'wrong value is taken and does nothing (reference/kubearmor.md §4.10).',
    fix: 'Write what the schema of the kind asks for; editors show it with services/security-agent/src/policy/schemas.',
    bad: containerPolicy('  process:\n    matchPaths:\n      - path: /usr/bin/apt\n        severity: "5"\n'),
    good,
    repaired: containerPolicy('  process:\n    matchPaths:\n      - path: /usr/bin/apt\n        severity: 5\n'),
    *check({ policy }) {
      for (const problem of policyProblems(policy)) {
        if (problem.path[0] === 'apiVersion' || problem.message.endsWith('lacks apiVersion')) continue;
        const quoted = quotedNumber(policy, problem.path);
        yield {
          ...problem,
          onKey: problem.message.includes(' lacks ') || problem.message.endsWith('is empty'),
          ...(quoted === undefined ? {} : { repair: { kind: 'set', path: problem.path, value: quoted } }),
        };
      }
    },
  },
  {
    id: 'KA011',
    title: 'unknown field',
    severity: 'warning',
    why:
      'The API server of Kubernetes drops a field that the CRD does not know, KubeArmor ignores it: what it says does ' +
      'not hold (§4.10). `recurive: true` protects no sub-directory, `selector: { app: … }` selects nothing.',
    fix: 'Mend its name, or remove it. `--fix` renames it where one name is near and free.',
    bad: containerPolicy(
      '  file:\n    matchDirectories:\n      - dir: /etc/\n        recurive: true\n        readOnly: true\n',
    ),
    good: containerPolicy(
      '  file:\n    matchDirectories:\n      - dir: /etc/\n        recursive: true\n        readOnly: true\n',
    ),
    repaired: containerPolicy(
      '  file:\n    matchDirectories:\n      - dir: /etc/\n        recursive: true\n        readOnly: true\n',
    ),
    *check({ kind, policy }) {
      for (const { path, name, known, free } of unknownFields(kind, policy)) {
        const near = free.filter((key) => isSlipOf(name, key));
        const [only] = near;
        const subject = otherSubject(path, name, known);
        yield {
          path,
          onKey: true,
          message: `"${name}" is no field here: it is dropped in silence`,
          fix: subject ?? `${didYouMean(name, known)}Mend its name, or remove it.`,
          ...(only !== undefined && near.length === 1 ? { repair: { kind: 'rename', path, key: only } } : {}),
        };
      }
    },
  },
  {
    id: 'KA012',
    title: 'apiVersion missing or wrong',
    severity: 'error',
    why: `The CRDs are of ${API_VERSION}; the API server takes no other, and none is guessed.`,
    fix: `Write \`apiVersion: ${API_VERSION}\`. \`--fix\` does.`,
    bad: good.replace(`apiVersion: ${API_VERSION}\n`, ''),
    good,
    repaired: good,
    *check({ policy }) {
      const { apiVersion } = policy;
      if (apiVersion === API_VERSION) return;
      const missing = apiVersion === undefined;
      yield {
        path: missing ? [] : ['apiVersion'],
        message: missing ? 'apiVersion is missing' : `apiVersion is ${JSON.stringify(apiVersion)}`,
        fix: `Write apiVersion: ${API_VERSION}.`,
        repair: missing
          ? { kind: 'insert', path: [], key: 'apiVersion', value: API_VERSION }
          : { kind: 'set', path: ['apiVersion'], value: API_VERSION },
      };
    },
  },
  {
    id: 'KA013',
    title: 'works in Kubernetes only',
    severity: 'warning',
    why:
      'Outside Kubernetes there is no way to apply a KubeArmorClusterPolicy, and `matchExpressions` is not looked at: a ' +
      'policy whose selector has nothing else is answered with Invalid (§3.2, §4.4).',
    fix: 'Write a KubeArmorPolicy and attach it to the deployment; its selector is filled in then.',
    bad: containerPolicy(`  selector:
    matchExpressions:
      - key: label
        operator: In
        values: [app=web]
  process:
    matchPaths:
      - path: /usr/bin/apt
`),
    good,
    *check({ kind, spec }) {
      if (kind === 'KubeArmorClusterPolicy') {
        yield {
          path: ['kind'],
          message: 'a KubeArmorClusterPolicy exists in Kubernetes only',
          fix: 'Write a KubeArmorPolicy without selector and attach it.',
        };
      } else if (isFields(spec.selector) && spec.selector.matchExpressions !== undefined) {
        yield {
          path: ['spec', 'selector', 'matchExpressions'],
          onKey: true,
          message: 'matchExpressions selects nothing outside Kubernetes',
          fix: 'Use matchLabels, or leave the selector away and attach the policy.',
        };
      }
    },
  },
  {
    id: 'KA014',
    title: 'no rule in it',
    severity: 'warning',
    why: 'The policy is applied and listed, and protects nothing. Often a section is indented too far, or misspelt.',
    fix: 'Add a rule, or remove the policy.',
    bad: containerPolicy('  process:\n    matchPaths: []\n'),
    good,
    *check({ kind, spec, rules }) {
      const other = kind === 'KubeArmorNetworkPolicy' ? [spec.ingress, spec.egress] : [spec.apparmor];
      if (rules.length > 0 || other.some((each) => each !== undefined) || Object.keys(spec).length === 0) return;
      yield {
        path: ['spec'],
        onKey: true,
        message: 'there is no rule in this policy',
        fix: 'Add one, or remove the policy.',
      };
    },
  },
  {
    id: 'KA015',
    title: 'namespace without effect',
    severity: 'info',
    why:
      'Outside Kubernetes KubeArmor puts every container policy into one namespace of its own, whatever the policy ' +
      'says (§3.1): the name alone tells policies apart, on the whole node.',
    fix: 'Leave `metadata.namespace` away; make the name unique.',
    bad: good.replace('  name: example\n', '  name: example\n  namespace: web\n'),
    good,
    *check({ policy }) {
      if (!isFields(policy.metadata) || textAt(policy.metadata, 'namespace') === '') return;
      yield {
        path: ['metadata', 'namespace'],
        onKey: true,
        message: 'a namespace means nothing outside Kubernetes',
        fix: 'Leave it away; the name alone must be unique on a node.',
      };
    },
  },
  {
    id: 'KA016',
    title: 'section that KubeArmor does not enforce on hosts',
    severity: 'warning',
    only: 'bpf',
    why:
      "Of a host policy KubeArmor's BPF enforcer takes process, file and network rules only " +
      '(hostRulesHandling.go; §4.3): capability rules are applied, listed, and never hold.',
    fix: 'Block the programs that need the capability, or the files they use it on.',
    bad: hostPolicy(`  capabilities:
    matchCapabilities:
      - capability: sys_module
        fromSource:
          - path: /usr/bin/kmod
`),
    good: hostPolicy('  process:\n    matchPaths:\n      - path: /usr/bin/kmod\n', 'Audit'),
    *check({ host, rules }) {
      if (!host) return;
      for (const { section, at, action } of rules) {
        if (section !== 'capabilities' || action === 'Audit') continue;
        yield {
          path: at,
          message: 'capability rules do not hold on a host',
          fix: 'Block the programs that use the capability.',
        };
      }
    },
  },
];

/** `path` in matchDirectories: the name of what a rule is about belongs to its list. */
function otherSubject(path: ValuePath, name: string, known: readonly string[]): string | undefined {
  const list = path.at(-3);
  if (typeof list !== 'string' || !SUBJECTS.includes(name)) return undefined;
  const own = SUBJECTS.find((subject) => known.includes(subject));
  return own === undefined ? undefined : `Here it is ${own}: mend its name, or move the rule to the list for ${name}.`;
}

const SUBJECTS = ['path', 'dir', 'pattern'];

/** `severity: "5"`: the number that was meant. */
function quotedNumber(policy: unknown, path: readonly (string | number)[]): number | undefined {
  if (path.at(-1) !== 'severity') return undefined;
  const value = valueAt(policy, path);
  return typeof value === 'string' && /^(?:[1-9]|10)$/.test(value) ? Number(value) : undefined;
}
