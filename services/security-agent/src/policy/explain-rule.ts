import { type FlatRule, subjectOf } from './flat-rules.ts';
import { shownValue } from './shown-value.ts';

/** What a rule does to an access that it matches. */
export type Effect = 'blocked' | 'allowed' | 'reported' | 'nothing';

/** The effect of a rule as its action says it; whether an enforcer can do it is another question. */
export function effectOf({ section, action }: FlatRule): Effect {
  if (section === 'syscalls') return 'reported';
  switch (action) {
    case 'Block':
      return 'blocked';
    case 'Allow':
      // A preset with any action but Audit blocks.
      return section === 'presets' ? 'blocked' : 'allowed';
    case 'Audit':
      return 'reported';
    default:
      return section === 'presets' ? 'blocked' : 'nothing';
  }
}

/** One rule as a sentence: who may do what, or when it is reported. */
export function sentence(rule: FlatRule): string {
  const effect = effectOf(rule);
  if (effect === 'nothing') return `"${rule.action}" is no action: the rule on ${object(rule)} does nothing.`;
  if (rule.section === 'presets') return presetSentence(rule, effect);
  const owner = rule.fields.ownerOnly === true;
  const what = `${verb(rule)} ${object(rule)}`;
  const how = condition(rule);
  if (effect === 'reported') return `It is reported when ${actor(rule)} ${third(what)}${reportedCase(rule)}${how}.`;
  if (effect === 'allowed') {
    const who = rule.sources === undefined ? (owner ? 'The owner of the file' : 'Every process') : capital(actor(rule));
    return `${who} may ${what}${rule.sources !== undefined && owner ? ' that belongs to its user' : ''}${readingOnly(rule)}${how}.`;
  }
  if (argumentsOf(rule).length > 0) {
    return `${capital(actor(rule))} may ${what} only with ${listed(argumentsOf(rule), 'and')} as arguments${how}.`;
  }
  if (owner) return `Only the owner of the file may ${what}${forSources(rule)}${how}.`;
  return rule.sources === undefined
    ? `No process may ${what}${how}.`
    : `${capital(actor(rule))} may not ${what}${how}.`;
}

/** Programs and who starts them, or the process that acts. */
function actor({ sources }: FlatRule): string {
  return sources === undefined
    ? 'any process'
    : listed(
        sources.map((source) => source || 'any process'),
        'or',
      );
}

function forSources(rule: FlatRule): string {
  return rule.sources === undefined ? '' : `, from ${actor(rule)}`;
}

function verb({ section, list, fields, action }: FlatRule): string {
  switch (section) {
    case 'process':
      return 'start';
    case 'file':
      return fields.readOnly === true && action !== 'Allow' ? 'write to' : 'open';
    case 'network':
      return list === 'matchDNSQueries' ? 'look up' : 'use';
    case 'device':
      return 'attach';
    case 'syscalls':
      return 'call';
    default:
      return 'use';
  }
}

/** What a rule is about, in words. */
function object(rule: FlatRule): string {
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
      return `the capability ${subject}`;
    case 'matchSyscalls':
      return calls(rule);
    case 'matchDevice':
      return subject === 'ALL' ? 'any USB device' : `a USB device of class ${subject}`;
    default:
      return subject;
  }
}

function calls({ fields }: FlatRule): string {
  return Array.isArray(fields.syscall) ? listed(fields.syscall.map(shownValue), 'or') : 'nothing';
}

function condition({ fields }: FlatRule): string {
  return fields.pts === false ? ' from a terminal' : '';
}

function readingOnly({ section, fields }: FlatRule): string {
  return section === 'file' && fields.readOnly === true ? ' for reading, not for writing' : '';
}

function reportedCase({ fields }: FlatRule): string {
  return fields.ownerOnly === true ? ' that belongs to somebody else' : '';
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

function presetSentence(rule: FlatRule, effect: Effect): string {
  const name = subjectOf(rule);
  const what = PRESETS.get(name);
  if (what === undefined) return `"${name}" is no preset: it does nothing.`;
  return `${capital(what)} is ${effect === 'reported' ? 'reported' : 'blocked'}.`;
}

function argumentsOf({ section, fields }: FlatRule): string[] {
  return section === 'process' && Array.isArray(fields.allowedArgs) ? fields.allowedArgs.map(shownValue) : [];
}

/** `start /bin/x` → `starts /bin/x` */
function third(what: string): string {
  const [verbWord = '', ...rest] = what.split(' ');
  return [verbWord === 'use' ? 'uses' : `${verbWord}s`, ...rest].join(' ');
}

export function listed(items: readonly string[], joiner: 'and' | 'or'): string {
  const last = items.at(-1) ?? '';
  return items.length < 2 ? last : `${items.slice(0, -1).join(', ')} ${joiner} ${last}`;
}

function capital(text: string): string {
  return text.startsWith('/') ? text : text.charAt(0).toUpperCase() + text.slice(1);
}
