import test from 'ava';
import { compilePolicies } from '#policy/evaluate.ts';
import type { SecurityEvent } from '#policy/event.ts';
import { type ExplainOptions, explainPolicies } from '#policy/explain.ts';
import type { KubeArmorPolicy } from '#policy/types.ts';
import { policy } from './decides.ts';
import { exec, open } from './raw-events.ts';

/** An access in the terms of explain's sentences. */
interface Access {
  readonly path: string;
  readonly by: string;
  readonly owner: boolean;
  readonly terminal: boolean;
  readonly write: boolean;
}

type Answer = 'refused' | 'reported' | 'passes';

/** A sentence of explain as its reader takes it: what it says of an access; undefined where it says nothing of it. */
function reads(text: string, access: Access): Answer | undefined {
  const [, object = ''] =
    / (?:start|open|starts|opens|write to|writes to) (?:anything |any program )?(.*)$/.exec(text) ?? [];
  if (!covers(object, access.path)) return undefined;
  const who = /^(?:It is reported when )?(\/\S+)/.exec(text)?.[1];
  if (who !== undefined && who !== access.by) return undefined;
  const unless =
    text.includes('may not write') || text.includes('nobody may write to it') || text.includes('not for writing');
  if (text.includes(', but not from a terminal') && access.terminal) return 'refused';
  if (text.includes('write from a terminal') && access.terminal && access.write) return 'refused';
  if (/ from a terminal\.$/.test(text) && !/, (?:but|and) /.test(text) && !access.terminal) return undefined;
  if (text.startsWith('It is reported when')) {
    if (text.includes('or reads one that')) return access.write || !access.owner ? 'reported' : undefined;
    if (text.includes('writes to')) return access.write ? 'reported' : undefined;
    return text.includes('belongs to somebody else') && access.owner ? undefined : 'reported';
  }
  if (/^Only the owner|^The owner|runs as the owner/.test(text) && !access.owner) return 'refused';
  if (access.write && (unless || text.includes(', for reading'))) return 'refused';
  if (/^No process may write|^\S+ may not write/.test(text)) return access.write ? 'refused' : undefined;
  if (/^No process may|^\S+ may not/.test(text)) return 'refused';
  return 'passes';
}

function covers(object: string, path: string): boolean {
  const [, how, place = ''] = /^(in or below |directly in |)(\/[\w/]*)/.exec(object) ?? [];
  if (how === '') return path === place;
  const rest = path.startsWith(place) ? path.slice(place.length) : undefined;
  return rest !== undefined && (how === 'in or below ' || !rest.includes('/'));
}

function expected(rule: KubeArmorPolicy, access: Access, options: ExplainOptions): Answer {
  const [target] = explainPolicies([rule], options);
  const [section] = target?.sections ?? [];
  const said = section?.statements.map(({ text }) => reads(text, access)).find((answer) => answer !== undefined);
  if (said !== undefined) return said;
  if (section?.otherwise.includes('is refused') === true) return 'refused';
  return section?.otherwise.includes('and reported') === true ? 'reported' : 'passes';
}

function eventOf(section: 'process' | 'file', { path, by, owner, terminal, write }: Access): SecurityEvent {
  const facts = { TTY: terminal ? 'pts0' : '', ProcessName: by };
  const event =
    section === 'file'
      ? open(path, write ? 'O_WRONLY' : 'O_RDONLY', facts)
      : exec(path, { ...facts, ProcessName: path, ParentProcessName: by, Source: by });
  return { ...event, ownerUid: owner ? 0 : 1000 };
}

const ANSWERS: Readonly<Record<string, Answer>> = { blocked: 'refused', audited: 'reported', allowed: 'passes' };
const either = [false, true];

function* accesses(section: string): Generator<Access> {
  for (const path of ['/opt/in/x', '/opt/in/deep/x', '/srv/x'])
    for (const by of ['/bin/sh', '/bin/cat'])
      for (const owner of either)
        for (const terminal of either)
          for (const write of section === 'file' ? either : [false]) yield { path, by, owner, terminal, write };
}

const objects = [
  { matchPaths: [{ path: '/opt/in/x' }] },
  { matchDirectories: [{ dir: '/opt/in/' }] },
  { matchDirectories: [{ dir: '/opt/in/', recursive: true }] },
];

for (const section of ['process', 'file'] as const)
  for (const action of ['Allow', 'Block', 'Audit'] as const)
    test(`what explain says of a ${section} rule with ${action} is what the evaluator decides`, (t) => {
      for (const posture of ['audit', 'block', 'allow'] as const)
        for (const object of objects)
          for (const ownerOnly of either)
            for (const readOnly of section === 'file' ? either : [false])
              for (const pts of [undefined, false])
                for (const fromSource of [undefined, [{ path: '/bin/sh' }]]) {
                  const given = {
                    ...(ownerOnly ? { ownerOnly } : {}),
                    ...(readOnly ? { readOnly } : {}),
                    ...(pts === undefined ? {} : { pts }),
                    ...(fromSource === undefined ? {} : { fromSource }),
                  };
                  const lists = Object.entries(object).map(([list, [rule]]) => [list, [{ ...rule, ...given }]]);
                  const rule = policy({ selector: {}, action, [section]: Object.fromEntries(lists) });
                  const evaluator = compilePolicies([rule], { posture: { file: posture } });
                  for (const access of accesses(section)) {
                    const text = explainPolicies([rule], { enforcer: 'bpf', posture })[0]?.sections[0]?.statements[0]
                      ?.text;
                    const answer = ANSWERS[evaluator.evaluate(eventOf(section, access)).outcome];
                    const said = expected(rule, access, { enforcer: 'bpf', posture });
                    // What an Allow with pts lets pass is reported all the same (BPF/shared.h); the sentence says who may.
                    const noticed =
                      text?.includes(', but not from a terminal') === true &&
                      answer === 'reported' &&
                      said === 'passes';
                    t.is(
                      said,
                      noticed ? 'passes' : (answer ?? 'passes'),
                      `${text} ${JSON.stringify(access)} ${posture}`,
                    );
                  }
                }
    });
