import { ruleCapabilityCode } from './evaluate/capability-code.ts';
import { listed } from './explain-words.ts';
import { type FlatRule, isFields, subjectOf } from './flat-rules.ts';
import type { Enforcer } from './lint/rule.ts';
import { shownValue } from './shown-value.ts';

/** What a rule does to an access that it matches. */
export type Effect = 'blocked' | 'allowed' | 'reported' | 'nothing';

/** The effect of a rule as its action says it; whether an enforcer can do it is another question. */
export function effectOf(rule: FlatRule): Effect {
  const { section, action } = rule;
  if (section === 'syscalls') return 'reported';
  if (section === 'presets') return presetEffect(rule);
  switch (action) {
    case 'Block':
      return 'blocked';
    case 'Allow':
      return 'allowed';
    case 'Audit':
      return 'reported';
    default:
      return 'nothing';
  }
}

/** One rule as a sentence: who may do what, or when it is reported. */
export function sentence(rule: FlatRule, enforcer: Enforcer): string {
  const effect = effectOf(rule);
  if (rule.section === 'presets') return presetSentence(rule, effect);
  if (effect === 'nothing') return `"${rule.action}" is no action: the rule on ${object(rule, enforcer)} does nothing.`;
  if (rule.section === 'device') return deviceSentence(rule, effect);
  const what = object(rule, enforcer);
  if (effect === 'reported') return reported(rule, what);
  return effect === 'allowed' ? allowed(rule, what, enforcer) : blocked(rule, what);
}

/** KubeArmor reports from user space, by the flags of the event (feeder/policyMatcher.go). */
function reported(rule: FlatRule, what: string): string {
  const { readOnly, ownerOnly } = flags(rule);
  const doer = actor(rule);
  if (readOnly && ownerOnly) {
    return `It is reported when ${doer} writes to ${what}, or reads one that belongs to somebody else.`;
  }
  const owned = ownerOnly ? ' that belongs to somebody else' : '';
  const how = readOnly || ownerOnly ? '' : terminal(rule);
  return `It is reported when ${doer} ${verb(rule, 's')} ${what}${owned}${how}.`;
}

/** Under BPF-LSM, what an Allow excepts is refused whatever the posture; AppArmor leaves it to the posture. */
function allowed(rule: FlatRule, what: string, enforcer: Enforcer): string {
  const { readOnly, ownerOnly } = flags(rule);
  const how = ownerOnly || readOnly || enforcer === 'apparmor' ? '' : exceptTerminal(rule);
  if (ownerOnly) {
    const reading = readOnly ? ', for reading' : '';
    const tty = rule.section === 'file' && !readOnly && enforcer !== 'apparmor' && rule.fields.pts === false;
    const end = tty ? ', and nobody may write from a terminal' : '';
    const may = `may ${verb(rule)} ${what}`;
    const others = { bpf: ', nobody else', both: '; under BPF-LSM nobody else', apparmor: '' }[enforcer];
    return rule.sources === undefined
      ? `The owner of the file ${may}${reading}${others}${end}.`
      : `${capital(actor(rule))} ${may}${reading} when it runs as the owner of the file${others.replace(' nobody else', ' not otherwise')}${end}.`;
  }
  const writing = { bpf: ', not for writing', both: '; under BPF-LSM not for writing', apparmor: '' }[enforcer];
  const reading = readOnly ? ` for reading${writing}` : '';
  const who = rule.sources === undefined ? 'Every process' : capital(actor(rule));
  return `${who} may ${verb(rule)} ${what}${reading}${how}.`;
}

function blocked(rule: FlatRule, what: string): string {
  const { readOnly, ownerOnly } = flags(rule);
  const doer = actor(rule);
  const args = argumentsOf(rule);
  if (args.length > 0) {
    const alone = args.some((arg) => arg === subjectOf(rule) || arg === subjectOf(rule).split('/').at(-1));
    const only = alone ? 'only with these arguments' : 'only with arguments, and these only';
    return `${capital(doer)} may start ${what}${terminal(rule)} ${only}: ${listed(args, 'and')}.`;
  }
  if (ownerOnly) {
    const writing = readOnly ? ', and nobody may write to it' : '';
    return rule.sources === undefined
      ? `Only the owner of the file may ${bareVerb(rule)} ${what}${writing}.`
      : `${capital(doer)} may ${bareVerb(rule)} ${what} only when it runs as the owner of the file${readOnly ? ', and may not write to it' : ''}.`;
  }
  // Writing to what is only to be read is refused before anybody looks for a terminal (BPF/shared.h).
  const how = readOnly ? '' : terminal(rule);
  return rule.sources === undefined
    ? `No process may ${verb(rule)} ${what}${how}.`
    : `${capital(doer)} may not ${verb(rule)} ${what}${how}.`;
}

function flags({ section, fields }: FlatRule): { readonly readOnly: boolean; readonly ownerOnly: boolean } {
  return { readOnly: section === 'file' && fields.readOnly === true, ownerOnly: fields.ownerOnly === true };
}

/** Programs and who starts them, or the process that acts. */
function actor({ sources, section, fields }: FlatRule): string {
  if (sources === undefined) return 'any process';
  if (section === 'syscalls' && Array.isArray(fields.fromSource)) {
    return listed(fields.fromSource.map(syscallSource), 'or');
  }
  return listed(
    sources.map((source) => source || 'any process'),
    'or',
  );
}

function syscallSource(source: unknown): string {
  const { path, dir, recursive } = isFields(source) ? source : {};
  if (typeof path === 'string' && path !== '') return path;
  if (typeof dir !== 'string' || dir === '') return 'no program';
  return `a program ${recursive === true ? 'in or below' : 'directly in'} ${dir}`;
}

/** @param ending `s` for the third person */
function verb(rule: FlatRule, ending = ''): string {
  if (flags(rule).readOnly && rule.action !== 'Allow') return `write${ending} to`;
  if (rule.list === 'matchDNSQueries') return `look${ending} up`;
  return `${bareVerb(rule)}${ending}`;
}

function bareVerb({ section }: FlatRule): string {
  const verbs = { process: 'start', file: 'open', syscalls: 'call' } as const;
  return section === 'process' || section === 'file' || section === 'syscalls' ? verbs[section] : 'use';
}

/** What a rule is about, in words. */
function object(rule: FlatRule, enforcer: Enforcer): string {
  const subject = subjectOf(rule);
  switch (rule.list) {
    case 'matchPaths':
      if (rule.section === 'syscalls')
        return `${calls(rule)} on ${subject}${subject.endsWith('/') ? ' and what is in it' : ''}`;
      return typeof rule.fields.execname === 'string' ? `any program called ${subject}` : subject;
    case 'matchDirectories':
      return `${rule.section === 'process' ? 'any program' : 'anything'} ${rule.fields.recursive === true ? 'in or below' : 'directly in'} ${subject}`;
    case 'matchPatterns':
      return `${rule.section === 'process' ? 'any program' : 'anything'} that matches ${subject}`;
    case 'matchProtocols':
      return subject.toLowerCase() === 'all' ? 'the network' : subject.toLowerCase();
    case 'matchDNSQueries':
      return `${subject} or a name below it`;
    case 'matchCapabilities':
      return isTakenForChown(rule, enforcer)
        ? `the capability chown (which is what KubeArmor takes "${subject}" for)`
        : `the capability ${subject}`;
    case 'matchSyscalls':
      return calls(rule);
    default:
      return subject;
  }
}

/** The BPF enforcer takes code 0 for a name that it does not know; KubeArmor's reports go by the name. */
function isTakenForChown(rule: FlatRule, enforcer: Enforcer): boolean {
  const subject = subjectOf(rule);
  return enforcer !== 'apparmor' && rule.action !== 'Audit' && subject !== 'chown' && ruleCapabilityCode(subject) === 0;
}

function calls({ fields }: FlatRule): string {
  return Array.isArray(fields.syscall) ? listed(fields.syscall.map(shownValue), 'or') : 'nothing';
}

function terminal({ fields }: FlatRule): string {
  return fields.pts === false ? ' from a terminal' : '';
}

function exceptTerminal({ section, fields }: FlatRule): string {
  if (fields.pts !== false) return '';
  return section === 'network' ? '; from a terminal not under the default posture block' : ', but not from a terminal';
}

function deviceSentence(rule: FlatRule, effect: Effect): string {
  const { subClass, protocol } = rule.fields;
  const parts = [
    ...(subClass === undefined ? [] : [`, subclass ${shownValue(subClass)}`]),
    ...(protocol === undefined ? [] : [`, protocol ${shownValue(protocol)}`]),
  ].join('');
  const subject = subjectOf(rule);
  const device = subject === 'ALL' ? 'Any USB device' : `A USB device of class ${subject}${parts}`;
  const words = { blocked: 'is refused', allowed: 'may be attached', reported: 'is reported', nothing: '' };
  return `${device} ${words[effect]}.`;
}

const PRESETS: ReadonlyMap<string, string> = new Map(
  Object.entries({
    anonymousMapExec: 'running code from anonymous memory',
    filelessExec: 'starting a program from memory or from /dev/shm',
    protectEnv: "reading another process's environment",
    protectProc: 'looking at another process in /proc',
    exec: 'entering the container with a terminal (docker exec -it)',
  }),
);

/** A preset with any action but Audit blocks. No report of anonymousMapExec ever arrives (reference/kubearmor.md §0). */
function presetEffect(rule: FlatRule): Effect {
  const name = subjectOf(rule);
  if (!PRESETS.has(name)) return 'nothing';
  if (rule.action !== 'Audit') return 'blocked';
  return name === 'anonymousMapExec' ? 'nothing' : 'reported';
}

function presetSentence(rule: FlatRule, effect: Effect): string {
  const name = subjectOf(rule);
  const what = PRESETS.get(name);
  if (what === undefined) return `"${name}" is no preset: it does nothing.`;
  const end = {
    blocked: 'is blocked',
    allowed: '',
    reported: 'is reported',
    nothing: 'is neither blocked nor reported',
  };
  return `${capital(what)} ${end[effect]}.`;
}

/** KubeArmor looks the list up under the path, and never finds that of an execname: such a program is blocked. */
function argumentsOf({ section, fields }: FlatRule): string[] {
  if (section !== 'process' || !Array.isArray(fields.allowedArgs)) return [];
  return typeof fields.execname === 'string' && fields.execname !== '' ? [] : fields.allowedArgs.map(shownValue);
}

function capital(text: string): string {
  return text.startsWith('/') ? text : text.charAt(0).toUpperCase() + text.slice(1);
}
