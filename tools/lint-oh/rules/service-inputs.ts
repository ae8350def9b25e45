import type { Report, Rule } from '#policy/lint/rule.ts';
import type { Definition } from '../definition.ts';
import { service } from '../example.ts';
import { known, mapsAt } from '../shape-faults.ts';

const input = (lines: string): string => service(`userInput:\n  - name: PORT\n    label: Port\n${lines}`);

/** Rules about the inputs that a service defines (reference/anax.md §4.3; kubearmor.md §1.1). */
export const serviceInputRules: readonly Rule<Definition>[] = [
  {
    id: 'OH107',
    title: 'input that no agreement can be made with',
    severity: 'error',
    why:
      'Types are string, int, float, boolean and "list of strings"; a default is always a text, also of a number. The ' +
      'agbot checks them late: no agreement is made, and nobody says why (anax.md §4.3).',
    fix: 'Mend the type; put the default in quotes, and make it fit.',
    bad: input('    type: int\n    defaultValue: "eighty"\n'),
    good: input('    type: int\n    defaultValue: "80"\n'),
    *check({ kind, fields }) {
      if (kind !== 'service') return;
      for (const { fields: each, index } of mapsAt(fields, 'userInput')) yield* inputFaults(each, ['userInput', index]);
    },
  },
  {
    id: 'OH108',
    title: 'input that overrides a flag of KubeArmor',
    severity: 'warning',
    why:
      'Inputs become environment variables, and KubeArmor takes its configuration from variables named like its flags, ' +
      'over the command line: an input called HOST, LSM or VISIBILITY changes them (kubearmor.md §1.1).',
    fix: 'Give the input another name.',
    bad: service('userInput:\n  - name: VISIBILITY\n    type: string\n    defaultValue: none\n').replace(
      'registry.example.org/web:1.2.3',
      'kubearmor/kubearmor:v1.7.4',
    ),
    good: service('userInput:\n  - name: ARMOR_VISIBILITY\n    type: string\n    defaultValue: none\n').replace(
      'registry.example.org/web:1.2.3',
      'kubearmor/kubearmor:v1.7.4',
    ),
    *check({ kind, fields }) {
      if (kind !== 'service' || !JSON.stringify(fields.deployment ?? '').includes('kubearmor/kubearmor')) return;
      for (const { fields: each, index } of mapsAt(fields, 'userInput')) {
        const name = known(each, 'name') ?? '';
        if (!KUBEARMOR_FLAGS.has(name.toLowerCase())) continue;
        yield {
          path: ['userInput', index, 'name'],
          message: `KubeArmor takes ${name} for its flag ${name.toLowerCase()}`,
          fix: 'Give it another name.',
        };
      }
    },
  },
];

const TYPES = ['', 'string', 'int', 'float', 'boolean', 'bool', 'list of strings'];

function* inputFaults(input: Readonly<Record<string, unknown>>, at: (string | number)[]): Generator<Report> {
  const type = known(input, 'type') ?? '';
  if (!TYPES.includes(type)) {
    yield {
      path: [...at, 'type'],
      message: `"${type}" is no type of an input`,
      fix: `Use one of ${TYPES.slice(1).join(', ')}.`,
    };
  }
  const { defaultValue } = input;
  if (defaultValue === undefined || defaultValue === null || defaultValue === '') return;
  if (typeof defaultValue !== 'string') {
    yield { path: [...at, 'defaultValue'], message: 'a default is a text, also of a number', fix: 'Put it in quotes.' };
  } else if (known(input, 'defaultValue') !== undefined && !fits(type, defaultValue)) {
    yield {
      path: [...at, 'defaultValue'],
      message: `"${defaultValue}" is no ${type}: no agreement is made`,
      fix: 'Make it fit the type.',
    };
  }
}

function fits(type: string, value: string): boolean {
  switch (type) {
    case 'int':
      return /^[+-]?\d+$/.test(value);
    case 'float':
      return /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/.test(value);
    case 'boolean':
    case 'bool':
      return /^(?:1|t|T|TRUE|true|True|0|f|F|FALSE|false|False)$/.test(value);
    default:
      return true;
  }
}

/** Keys of KubeArmor's configuration (kubearmor.md §1.2), in lower case. */
const KUBEARMOR_FLAGS = new Set(
  `k8s cluster host grpc grpchealthport tlsenabled tlscertpath tlscertprovider logpath crisocket enablenri nrisocket
  nriindex useocihooks visibility hostvisibility enablekubearmorpolicy enablekubearmorhostpolicy enablekubearmorvm
  defaultfileposture defaultnetworkposture defaultcapabilitiesposture hostdefaultfileposture hostdefaultnetworkposture
  hostdefaultcapabilitiesposture hostdefaultdeviceposture lsm bpffspath procfsmount machineidpath selinuxprofiledir
  enforceralerts defaultposturelogs alertthrottling maxalertpersec throttlesec enablekubearmorstateagent debug matchargs
  enablenetworkpolicyenforcer enableusbdevicehandler enableima coveragetest untrackedns inittimeout`.split(/\s+/),
);
