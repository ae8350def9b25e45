import { didYouMean } from '../../did-you-mean.ts';
import { isFields } from '../../flat-rules.ts';
import { shownValue } from '../../shown-value.ts';
import { containerPolicy } from '../example.ts';
import type { PolicySubject } from '../policy-subject.ts';
import { textAt } from '../policy-subject.ts';
import type { Report, Rule } from '../rule.ts';

export const PRESETS = ['anonymousMapExec', 'filelessExec', 'protectEnv', 'exec', 'protectProc'];

const preset = (name: string, action = 'Block'): string =>
  containerPolicy(`  presets:\n    - name: ${name}\n${action === '' ? '' : `      action: ${action}\n`}`, 'Audit');
const good = preset('filelessExec');

/** Rules about presets, raw AppArmor text and USB devices (reference/kubearmor.md §0, §4.7, §4.8). */
export const presetRules: readonly Rule<PolicySubject>[] = [
  {
    id: 'KA280',
    title: 'unknown preset',
    severity: 'error',
    why: 'KubeArmor passes over a preset whose name it does not know, and answers Applied (§4.10, data/captures x07).',
    fix: `Use one of ${PRESETS.join(', ')}.`,
    bad: preset('FilelessExec'),
    good,
    repaired: good,
    *check({ rules }) {
      for (const { list, at, fields } of rules) {
        const name = textAt(fields, 'name');
        if (list !== 'presets' || PRESETS.includes(name)) continue;
        const meant = PRESETS.find((known) => known.toLowerCase() === name.toLowerCase());
        yield {
          path: fields.name === undefined ? at : [...at, 'name'],
          message: name === '' ? 'this preset has no name' : `"${name}" is no preset: it is passed over`,
          fix: `${didYouMean(name, PRESETS)}Use one of ${PRESETS.join(', ')}.`,
          ...(meant === undefined ? {} : { repair: { kind: 'set', path: [...at, 'name'], value: meant } }),
        } satisfies Report;
      }
    },
  },
  {
    id: 'KA281',
    title: 'preset that blocks though it does not say so',
    severity: 'warning',
    why:
      'A preset with any action but Audit blocks: with Allow, with none, and whatever `spec.action` says, which presets ' +
      'do not inherit (presets/*/preset.go).',
    fix: 'Write `action: Audit` or `action: Block` on the preset itself.',
    bad: preset('filelessExec', ''),
    good,
    *check({ spec, rules }) {
      for (const { list, at, fields } of rules) {
        if (list !== 'presets' || fields.action === 'Audit' || fields.action === 'Block') continue;
        if (fields.action === undefined && (spec.action === undefined || spec.action === 'Block')) continue;
        const says = fields.action === undefined ? 'without an action of its own' : `with ${shownValue(fields.action)}`;
        yield { path: at, message: `${says} this preset blocks`, fix: 'Write action: Audit or Block here.' };
      }
    },
  },
  {
    id: 'KA282',
    title: 'section that AppArmor does not have',
    severity: 'error',
    only: 'apparmor',
    why: 'Presets and DNS rules are made of BPF programs: under AppArmor they are applied, and do nothing (§4.9).',
    fix: 'Require BPF-LSM for them, by a constraint of the deployment policy.',
    bad: good,
    good: containerPolicy('  process:\n    matchDirectories:\n      - dir: /dev/shm/\n        recursive: true\n'),
    *check({ rules }) {
      for (const { list, at } of rules) {
        if (list !== 'presets' && list !== 'matchDNSQueries') continue;
        yield {
          path: at,
          message: `${list === 'presets' ? 'a preset' : 'a DNS rule'} does nothing under AppArmor`,
          fix: 'Require BPF-LSM.',
        };
      }
    },
  },
  {
    id: 'KA283',
    title: 'raw AppArmor rules',
    severity: 'warning',
    why:
      'BPF-LSM ignores `apparmor`; and a policy that has it raises no alert at all, not even for its other rules ' +
      '(feeder/policyMatcher.go).',
    fix: 'Write KubeArmor rules, or keep the raw text in a policy of its own.',
    bad: containerPolicy('  apparmor: |\n    deny /etc/** w,\n'),
    good: containerPolicy(
      '  file:\n    matchDirectories:\n      - dir: /etc/\n        recursive: true\n        readOnly: true\n',
    ),
    *check({ spec }) {
      if (typeof spec.apparmor !== 'string' || spec.apparmor === '') return;
      yield {
        path: ['spec', 'apparmor'],
        onKey: true,
        message: 'BPF-LSM ignores this text, and the whole policy raises no alerts',
        fix: 'Write KubeArmor rules.',
      };
    },
  },
  {
    id: 'KA284',
    title: 'preset that needs care',
    severity: 'warning',
    why:
      '`anonymousMapExec` with Block refuses memory that is mapped executable from the start, without an event: Java did ' +
      'not start on a real KubeArmor; Node.js and LuaJIT, which make memory executable later, ran on. With Audit it does ' +
      'nothing at all, since KubeArmor can not read the events that its kernel side sends ' +
      '(presets/anonmapexec). `exec` with Block did not stop `docker exec -it` in a run; its Audit alerts (§0, §4.8).',
    fix: 'Try `anonymousMapExec` with Block on a test node: no Audit tells what it would end. Use `exec` with Audit.',
    bad: preset('anonymousMapExec'),
    good: preset('exec', 'Audit'),
    *check({ spec }) {
      if (!Array.isArray(spec.presets)) return;
      for (const [index, each] of spec.presets.entries()) {
        if (!isFields(each)) continue;
        const says = CARE.get(`${textAt(each, 'name')} ${each.action === 'Audit' ? 'Audit' : 'Block'}`);
        if (says !== undefined) yield { path: ['spec', 'presets', index], ...says };
      }
    },
  },
];

const CARE: ReadonlyMap<string, Pick<Report, 'message' | 'fix'>> = new Map(
  Object.entries({
    'anonymousMapExec Block': {
      message: 'anonymousMapExec refuses memory that is mapped executable, without an event: Java does not start',
      fix: 'Try it on a test node first: its Audit reports nothing.',
    },
    'anonymousMapExec Audit': {
      message: 'anonymousMapExec with Audit does nothing: no report of it ever arrives',
      fix: 'Write Block, or leave it away.',
    },
    'exec Block': {
      message: 'exec with Block did not stop docker exec in a run of KubeArmor; Audit does report it',
      fix: 'Write Audit.',
    },
  }),
);
