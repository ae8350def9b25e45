import type { ValuePath } from '#policy/document.ts';
import { namesVariable } from '#policy/document-variables.ts';
import { type Fields, isFields } from '#policy/flat-rules.ts';
import type { Report, Rule } from '#policy/lint/rule.ts';
import { shownValue } from '#policy/shown-value.ts';
import { parseVersionRange } from '#policy/version-range.ts';
import type { Definition } from '../definition.ts';
import { deploymentPolicy } from '../example.ts';
import { known, mapsAt } from '../shape-faults.ts';

const inputs = (lines: string, value = 'Europe/Berlin'): string =>
  deploymentPolicy(`userInput:
  - serviceOrgid: acme
    serviceUrl: web
${lines}    inputs:
      - name: TZ
        value: ${value}
`);

const binding = (secret: string): string =>
  deploymentPolicy(`secretBinding:
  - serviceOrgid: acme
    serviceUrl: web
    secrets:
      - ${secret}
`);

/** Rules about user input and secrets (reference/anax.md §4, §11; exchange-mms.md §0, §A.8). */
export const inputRules: readonly Rule<Definition>[] = [
  {
    id: 'OH501',
    title: 'service of an input that the Exchange refuses',
    severity: 'error',
    why:
      '`serviceArch: "*"` is answered with 400, as is a range of one single version, `[1.0.0,1.0.0]`; a range with a ' +
      'blank is refused by hzn and agent (exchange-mms.md §0, §A.8).',
    fix: 'Leave serviceArch away; write "[1.0.0,INFINITY)".',
    bad: inputs('    serviceArch: "*"\n'),
    good: inputs('    serviceVersionRange: "[1.0.0,INFINITY)"\n'),
    *check(definition) {
      for (const { entry, at } of [...entriesOf(definition), ...bindingsOf(definition)]) {
        if (entry.serviceArch === '*')
          yield {
            path: [...at, 'serviceArch'],
            message: 'the Exchange refuses "*" here',
            fix: 'Leave it away for any.',
          };
        const range = known(entry, 'serviceVersionRange');
        if (range === undefined || range === '') continue;
        const parsed = parseVersionRange(range);
        const path = [...at, 'serviceVersionRange'];
        if (parsed === undefined)
          yield {
            path,
            message: `"${range}" is no version range`,
            fix: 'Write it without blanks, as [1.0.0,INFINITY).',
          };
        else if (parsed.low === parsed.high)
          yield {
            path,
            message: 'the Exchange refuses a range of one version',
            fix: 'Write [1.0.0,INFINITY), or leave it away.',
          };
      }
    },
  },
  {
    id: 'OH502',
    title: 'value that can not become a variable',
    severity: 'error',
    why:
      'Values become environment variables: a map or nothing ends the start of the service, items of a list that are no ' +
      'texts are dropped, and a list is joined by blanks, so that a blank in an item splits it (anax.md §4.4).',
    fix: 'Write a text, a number, true or false; structured data as JSON in a text.',
    bad: inputs('', '{ zone: Berlin }'),
    good: inputs('', '"{ \\"zone\\": \\"Berlin\\" }"'),
    *check(definition) {
      for (const { entry, at } of entriesOf(definition)) {
        for (const { fields, index } of mapsAt(entry, 'inputs')) {
          const fault = valueFault(fields.value);
          if (fault !== undefined && 'value' in fields) yield { path: [...at, 'inputs', index, 'value'], ...fault };
        }
      }
    },
  },
  {
    id: 'OH503',
    title: 'input given twice',
    severity: 'warning',
    why: 'Of two values for one input the first counts; version range and architecture of the entry are not looked at when the service starts (anax.md §4.2).',
    fix: 'Keep one.',
    bad: inputs('').replace(
      '        value: Europe/Berlin\n',
      '        value: Europe/Berlin\n      - name: TZ\n        value: UTC\n',
    ),
    good: inputs(''),
    *check(definition) {
      const seen = new Set<string>();
      for (const { entry, at } of entriesOf(definition)) {
        for (const { fields, index } of mapsAt(entry, 'inputs')) {
          const key = JSON.stringify([entry.serviceOrgid, entry.serviceUrl, fields.name]);
          if (seen.has(key))
            yield {
              path: [...at, 'inputs', index],
              message: `${shownValue(fields.name)} has a value already: the first one counts`,
              fix: 'Keep one.',
            };
          seen.add(key);
        }
      }
    },
  },
  {
    id: 'OH504',
    title: 'input that running containers do not see',
    severity: 'info',
    why:
      'A changed userInput of a deployment policy is stored in the agreement, and the containers keep the environment they ' +
      'were started with; the node’s own input wins over it in any case (anax.md §4.2, §4.5).',
    fix: 'Raise the version of the service when a change must arrive; send what changes through MMS.',
    bad: inputs(''),
    good: deploymentPolicy(),
    *check({ kind, fields }) {
      if (kind !== 'deployment policy' || !Array.isArray(fields.userInput) || fields.userInput.length === 0) return;
      yield {
        path: ['userInput'],
        onKey: true,
        message: 'a change of these does not reach running containers',
        fix: 'Raise the service version with it.',
      };
    },
  },
  {
    id: 'OH505',
    title: 'secret that can not be bound',
    severity: 'error',
    why:
      'Each entry of `secrets` maps one name of the service to one of the vault: `name`, `user/<user>/name`, and with ' +
      'enableNodeLevelSecrets `node/<node>/name` and `user/<user>/node/<node>/name` (anax.md §11).',
    fix: 'Write `- { <name in the service>: <name in the vault> }`.',
    bad: binding('{ token: vault/secret/token }'),
    good: binding('{ token: web-token }'),
    *check(definition) {
      for (const { entry, at } of bindingsOf(definition)) {
        if (!Array.isArray(entry.secrets)) continue;
        for (const [index, secret] of entry.secrets.entries()) {
          yield* secretFaults(secret, [...at, 'secrets', index], entry.enableNodeLevelSecrets === true);
        }
      }
    },
  },
];

interface Entry {
  readonly entry: Fields;
  readonly at: ValuePath;
}

function entriesOf({ kind, value, fields }: Definition): Entry[] {
  if (kind === 'user input' && Array.isArray(value)) {
    return value.flatMap((entry: unknown, index) => (isFields(entry) ? [{ entry, at: [index] }] : []));
  }
  if (kind !== 'deployment policy' && kind !== 'pattern') return [];
  return mapsAt(fields, 'userInput').map(({ fields: entry, index }) => ({ entry, at: ['userInput', index] }));
}

function bindingsOf({ kind, fields }: Definition): Entry[] {
  if (kind !== 'deployment policy' && kind !== 'pattern') return [];
  return mapsAt(fields, 'secretBinding').map(({ fields: entry, index }) => ({ entry, at: ['secretBinding', index] }));
}

function valueFault(
  value: unknown,
): { readonly message: string; readonly fix: string; readonly severity?: 'warning' } | undefined {
  if (value === null || value === undefined)
    return { message: 'nothing can not become a variable', fix: 'Write "" for an empty one.' };
  if (Array.isArray(value)) {
    if (value.some((item) => typeof item !== 'string'))
      return { message: 'items that are no texts are dropped', fix: 'Put them in quotes.' };
    const blank = value.some((item) => /\s/.test(item));
    return blank
      ? {
          message: 'items are joined by blanks: one with a blank falls apart',
          fix: 'Write JSON in a text.',
          severity: 'warning',
        }
      : undefined;
  }
  return typeof value === 'object'
    ? { message: 'a map can not become a variable', fix: 'Write it as JSON in a text.' }
    : undefined;
}

function* secretFaults(secret: unknown, path: ValuePath, nodeLevel: boolean): Generator<Report> {
  if (!isFields(secret) || Object.keys(secret).length !== 1) {
    yield { path, message: 'each entry binds one secret', fix: 'Write - { <name>: <name in the vault> }.' };
    return;
  }
  for (const [name, vault] of Object.entries(secret)) {
    if (
      typeof vault === 'string' &&
      (namesVariable(vault) || VAULT.test(vault) || (nodeLevel && NODE_VAULT.test(vault)))
    )
      continue;
    yield {
      path: [...path, name],
      message: `"${shownValue(vault)}" is no name of a secret in the vault`,
      fix: 'Write name, or user/<user>/name.',
    };
  }
}

const VAULT = /^(?!user\/|node\/)[^/\s]+$|^user\/[^/\s]+\/(?!node\/)[^/\s]+$/;
const NODE_VAULT = /^(?:user\/[^/\s]+\/)?node\/[^/\s]+\/[^/\s]+$/;
