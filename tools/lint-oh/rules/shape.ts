import { didYouMean } from '#policy/did-you-mean.ts';
import type { Fields } from '#policy/flat-rules.ts';
import type { Report, Rule } from '#policy/lint/rule.ts';
import { below, containersOf } from '../containers.ts';
import type { Definition } from '../definition.ts';
import { service } from '../example.ts';
import { type ShapeFault, shapeFaults } from '../shape-faults.ts';
import { CONTAINER, SHAPES } from '../shapes.ts';

/** Fields that the Exchange adds to what it stores. */
const ADDED = ['owner', 'lastUpdated', 'created', 'jsonFormats'];

/** Docker and compose options that a definition has no field for (reference/anax.md §1.3). */
const NOT_SUPPORTED = [
  ...['cap_drop', 'read_only', 'healthcheck', 'restart', 'restart_policy', 'labels', 'extra_hosts', 'dns', 'shm_size'],
  ...['ulimits', 'hostname', 'working_dir', 'userns_mode', 'group_add', 'depends_on', 'runtime', 'gpus', 'volumes'],
  ...[
    'networks',
    'container_name',
    'env_file',
    'stop_signal',
    'stop_grace_period',
    'init',
    'deploy',
    'build',
    'expose',
  ],
];

/** Rules about the fields that definitions have (reference/anax.md §1, §6; exchange-mms.md §A). */
export const shapeRules: readonly Rule<Definition>[] = [
  {
    id: 'OH001',
    title: 'unknown field',
    severity: 'warning',
    why:
      'hzn drops a field that it does not know without a word; sent to the Exchange as it is, the whole body is answered ' +
      'with 400 (exchange-mms.md §A.3). What the Exchange adds itself (owner, lastUpdated, created) must not be sent back.',
    fix: 'Mend its name, or remove it.',
    bad: service('sharabel: multiple\n'),
    good: service(),
    *check(definition) {
      for (const fault of faultsOf(definition))
        if (fault.kind === 'unknown') yield unknownField(fault, definition.fields);
    },
  },
  {
    id: 'OH002',
    title: 'field missing',
    severity: 'error',
    why: 'The Exchange answers 400 to a body without it; hzn mostly sends the empty value, with the same answer.',
    fix: 'Add it.',
    bad: service().replace('label: Web\n', ''),
    good: service(),
    *check(definition) {
      for (const fault of faultsOf(definition)) {
        if (fault.kind !== 'missing') continue;
        yield { path: fault.path, message: `${fault.name} is missing`, fix: `Add ${fault.name}.` };
      }
    },
  },
  {
    id: 'OH003',
    title: 'value of the wrong type',
    severity: 'error',
    why:
      'The Exchange answers 400. Inside a deployment nobody looks until the agent unpacks it on the node: the agreement ' +
      'then fails, and is made again, for ever.',
    fix: 'Write what is asked for; versions belong in quotes, as YAML reads 1.0 as a number.',
    bad: service().replace('version: "1.0.0"', 'version: 1.0'),
    good: service(),
    *check(definition) {
      for (const fault of faultsOf(definition)) {
        if (fault.kind !== 'type') continue;
        yield { path: fault.path, message: `this should be ${fault.wanted}`, fix: `Write ${fault.wanted}.` };
      }
    },
  },
  {
    id: 'OH004',
    title: 'option that a container can not have',
    severity: 'warning',
    why:
      'The agent ignores what it does not know: a typo in `privileged` publishes well, `cap_drop`, `read_only`, ' +
      '`healthcheck` and `restart` have no effect. hzn only prints a warning (anax.md §1.3, §14).',
    fix: 'Mend its name, or remove it; harden the container by a security policy instead.',
    bad: service('', '      read_only: true\n'),
    good: service(),
    *check(definition) {
      for (const container of containersOf(definition)) {
        for (const fault of shapeFaults(CONTAINER, container.fields, [])) {
          if (fault.kind === 'unknown') yield { ...unknownOption(fault), path: below(container, ...fault.path) };
        }
      }
    },
  },
  {
    id: 'OH005',
    title: 'container option missing or of the wrong type',
    severity: 'error',
    why: 'The deployment is unpacked on the node only: what does not fit there ends the agreement, which is then made anew.',
    fix: 'Write what is asked for.',
    bad: service('', '      command: npm start\n'),
    good: service('', '      command: [npm, start]\n'),
    *check(definition) {
      for (const container of containersOf(definition)) {
        for (const fault of shapeFaults(CONTAINER, container.fields, [])) {
          if (fault.kind === 'unknown') continue;
          const path = below(container, ...fault.path);
          const name = container.signed && fault.path.length > 0 ? `${container.name}.${fault.path.join('.')} ` : '';
          yield fault.kind === 'missing'
            ? { path, message: `${container.name} has no ${fault.name}`, fix: `Add ${fault.name}.` }
            : { path, message: `${name}should be ${fault.wanted}`, fix: `Write ${fault.wanted}.` };
        }
      }
    },
  },
];

function* faultsOf({ kind, value }: Definition): Generator<ShapeFault> {
  if (kind !== 'user input') yield* shapeFaults(SHAPES[kind], value, []);
  else if (Array.isArray(value))
    for (const [index, item] of value.entries()) yield* shapeFaults(SHAPES[kind], item, [index]);
}

function unknownField({ path, name, known }: Extract<ShapeFault, { kind: 'unknown' }>, fields: Fields): Report {
  if (path.length === 1 && ADDED.includes(name)) {
    return {
      path,
      onKey: true,
      message: `${name} is the Exchange's own: a body with it is answered with 400`,
      fix: 'Remove it.',
    };
  }
  const free = known.filter((each) => !Object.hasOwn(fields, each));
  return {
    path,
    onKey: true,
    message: `"${name}" is no field here: it is dropped, or the body refused`,
    fix: `${didYouMean(name, free)}Mend its name, or remove it.`,
  };
}

function unknownOption({ path, name, known }: Extract<ShapeFault, { kind: 'unknown' }>): Report {
  const slip = path.length === 1 && !NOT_SUPPORTED.includes(name) ? didYouMean(name, known) : '';
  return {
    path,
    onKey: true,
    message: `the agent ignores "${name}"`,
    fix: `${slip}Mend its name, or remove it.`,
    ...(slip === '' ? {} : { severity: 'error' as const }),
  };
}
