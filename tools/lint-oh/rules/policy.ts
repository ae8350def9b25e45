import type { ValuePath } from '#policy/document.ts';
import { namesVariable } from '#policy/document-variables.ts';
import { type Fields, isFields } from '#policy/flat-rules.ts';
import type { Rule } from '#policy/lint/rule.ts';
import { shownValue } from '#policy/shown-value.ts';
import { type Comparison, type Constraint, parseConstraint } from '#tools/compat/constraint.ts';
import { neverMatches } from '#tools/compat/never-matches.ts';
import { propertyProblem } from '#tools/compat/property-problems.ts';
import type { Definition } from '../definition.ts';
import { deploymentPolicy, nodePolicy } from '../example.ts';
import { known, mapsAt } from '../shape-faults.ts';

/** Properties that the agent fills in itself (reference/anax.md §6.5). */
const READ_ONLY = [
  ...['cpu', 'arch', 'memory', 'hardwareId', 'kubernetesVersion', 'kubernetesNamespace', 'kubernetesNamespaceScoped'],
  ...['operatingSystem', 'containerized'],
].map((name) => `openhorizon.${name}`);

/** Rules about properties and constraints, wherever they stand (reference/anax.md §6.4–6.8). */
export const policyRules: readonly Rule<Definition>[] = [
  {
    id: 'OH301',
    title: 'constraint that can not be read',
    severity: 'error',
    why:
      'The Exchange stores any text as a constraint. hzn refuses it when it validates; published otherwise, the agbot can ' +
      'not read it later and makes no agreement, without a word to anybody (§6.7).',
    fix: 'Write `property == value`; AND and OR in capitals with blanks around them.',
    bad: deploymentPolicy('', 'purpose = = web'),
    good: deploymentPolicy(),
    *check(definition) {
      for (const { text, path } of constraintsOf(definition)) {
        const parsed = parseConstraint(text);
        if (!parsed.ok)
          yield { path, column: columnIn(definition, path, parsed.column), message: parsed.message, fix: parsed.fix };
      }
    },
  },
  {
    id: 'OH302',
    title: 'constraint that is read as another thing',
    severity: 'warning',
    why: 'It can be read, but not as it seems: `=>` means equal, `a!=b` asks for a property called `a!`.',
    fix: 'Write it plainly, with blanks around operators.',
    bad: deploymentPolicy('', 'memory => 512'),
    good: deploymentPolicy('', 'memory >= 512'),
    *check(definition) {
      for (const { text, path } of constraintsOf(definition)) {
        const parsed = parseConstraint(text);
        if (!parsed.ok) continue;
        for (const trap of parsed.traps)
          yield { path, column: columnIn(definition, path, trap.column), message: trap.message, fix: trap.fix };
      }
    },
  },
  {
    id: 'OH303',
    title: 'constraints that no node can meet',
    severity: 'error',
    why: 'The entries of a list hold together. These contradict each other: no agreement is ever made.',
    fix: 'Join alternatives by OR in one entry.',
    bad: deploymentPolicy('', 'openhorizon.memory >= 512\n  - openhorizon.memory < 256'),
    good: deploymentPolicy('', 'openhorizon.memory >= 512 OR openhorizon.arch == arm64'),
    *check(definition) {
      for (const { section, at } of sectionsOf(definition)) {
        const texts = Array.isArray(section.constraints) ? section.constraints.filter(isKnownText) : [];
        const parsed = texts.flatMap((text) => parseConstraint(text)).filter((each) => each.ok);
        const contradiction = neverMatches({ kind: 'and', of: parsed.map(({ constraint }) => constraint) });
        if (contradiction === undefined) continue;
        const last = parsed.findLastIndex(({ constraint }) => holds(constraint, contradiction));
        const index = Array.isArray(section.constraints) ? section.constraints.indexOf(texts[last]) : 0;
        yield {
          path: [...at, 'constraints', Math.max(index, 0)],
          message: `no node can meet ${contradiction.map(({ name, operator, value }) => `${name} ${operator} ${value}`).join(' and ')}`,
          fix: 'Change or remove one of them.',
        };
      }
    },
  },
  {
    id: 'OH304',
    title: 'property that agbot or agent refuses',
    severity: 'error',
    why:
      'A value must be of the type that is declared, or that it looks like; a list is written as one text with commas and ' +
      'the type "list of strings". The Exchange takes anything in a deployment policy; the agbot leaves the whole policy ' +
      'out (§6.6).',
    fix: 'Mend the value or its type.',
    bad: nodePolicy('{ name: zones, value: [cellar, roof] }'),
    good: nodePolicy('{ name: zones, value: "cellar,roof", type: list of strings }'),
    *check(definition) {
      for (const { property, path } of propertiesOf(definition)) {
        const { name, value, type } = property;
        if (typeof name !== 'string' || value === undefined || (typeof value === 'string' && namesVariable(value)))
          continue;
        const problem = propertyProblem({
          name,
          value: Array.isArray(value) ? value.map(shownValue) : value,
          type: typeof type === 'string' ? type : undefined,
        });
        if (problem !== undefined) yield { path, message: problem.message, fix: problem.fix };
      }
    },
  },
  {
    id: 'OH305',
    title: 'property that stands twice',
    severity: 'warning',
    why: 'Which of two properties of one name counts depends on who reads them: the agbot takes the first that decides.',
    fix: 'Keep one; several values are a "list of strings".',
    bad: nodePolicy('{ name: zone, value: cellar }\n  - { name: zone, value: roof }'),
    good: nodePolicy('{ name: zone, value: cellar }'),
    *check(definition) {
      for (const { section, at } of sectionsOf(definition)) {
        const seen = new Set<string>();
        for (const { fields, index } of mapsAt(section, 'properties')) {
          const name = known(fields, 'name');
          if (name !== undefined && seen.has(name))
            yield { path: [...at, 'properties', index], message: `${name} stands here already`, fix: 'Keep one.' };
          if (name !== undefined) seen.add(name);
        }
      }
    },
  },
  {
    id: 'OH306',
    title: 'property that the agent overwrites',
    severity: 'warning',
    why: 'These say what the agent found on the node; what a policy says for them is replaced (§6.5).',
    fix: 'Choose another name.',
    bad: nodePolicy('{ name: openhorizon.arch, value: arm64 }'),
    good: nodePolicy('{ name: board, value: raspberrypi }'),
    *check(definition) {
      if (definition.kind !== 'node policy' && definition.kind !== 'policy') return;
      for (const { property, path } of propertiesOf(definition)) {
        const name = known(property, 'name');
        if (name === undefined || !READ_ONLY.includes(name)) continue;
        yield { path, message: `the agent sets ${name} itself`, fix: 'Choose another name.' };
      }
    },
  },
  {
    id: 'OH307',
    title: 'value that no constraint can name',
    severity: 'warning',
    why: "Constraints know letters, digits, blanks and `_ - / ! ? + ~ ' .` only: a value with `:` `@` `=` `*` `#` or `%` in it can not be compared with (§6.7).",
    fix: 'Choose a value without it.',
    bad: nodePolicy('{ name: site, value: "berlin:1" }'),
    good: nodePolicy('{ name: site, value: berlin-1 }'),
    *check(definition) {
      for (const { property, path } of propertiesOf(definition)) {
        const value = known(property, 'value');
        const odd = value === undefined ? undefined : /[:@=*#%()[\]{}<>|&$^"\\]/.exec(value)?.[0];
        if (odd !== undefined)
          yield {
            path,
            message: `no constraint can name a value with "${odd}" in it`,
            fix: 'Choose a value without it.',
          };
      }
    },
  },
];

interface Placed {
  readonly section: Fields;
  readonly at: ValuePath;
}

/** Maps with properties and constraints in them. */
function sectionsOf({ kind, fields }: Definition): Placed[] {
  if (kind === 'MMS object') {
    return isFields(fields.destinationPolicy) ? [{ section: fields.destinationPolicy, at: ['destinationPolicy'] }] : [];
  }
  if (kind === 'service' || kind === 'pattern' || kind === 'user input') return [];
  const below = ['deployment', 'management'].flatMap((name): Placed[] => {
    const section = fields[name];
    return isFields(section) ? [{ section, at: [name] }] : [];
  });
  return [{ section: fields, at: [] }, ...below];
}

function* propertiesOf(definition: Definition): Generator<{ readonly property: Fields; readonly path: ValuePath }> {
  for (const { section, at } of sectionsOf(definition)) {
    for (const { fields, index } of mapsAt(section, 'properties'))
      yield { property: fields, path: [...at, 'properties', index] };
  }
}

function* constraintsOf(definition: Definition): Generator<{ readonly text: string; readonly path: ValuePath }> {
  for (const { section, at } of sectionsOf(definition)) {
    if (!Array.isArray(section.constraints)) continue;
    for (const [index, text] of section.constraints.entries()) {
      if (isKnownText(text)) yield { text, path: [...at, 'constraints', index] };
    }
  }
}

function isKnownText(value: unknown): value is string {
  return typeof value === 'string' && !namesVariable(value) && !value.includes('$');
}

/** Columns from where the value begins; 0 where it is written with escapes or over several lines. */
function columnIn({ document, base, text }: Definition, path: ValuePath, column: number): number {
  const range = document.rangeOf([...base, ...path]);
  const written = range === undefined ? '' : text.slice(range.start, range.end);
  if (/[\n\\|>]/.test(written.slice(0, 1)) || written.includes('\n') || written.includes('\\')) return 0;
  return column - 1 + (/^["']/.test(written) ? 1 : 0);
}

function holds(constraint: Constraint, comparisons: readonly Comparison[]): boolean {
  if (constraint.kind === 'compare') return comparisons.includes(constraint);
  return constraint.kind !== 'always' && constraint.of.some((each) => holds(each, comparisons));
}
