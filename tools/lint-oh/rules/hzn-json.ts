import type { ValuePath } from '#policy/document.ts';
import { isFields } from '#policy/flat-rules.ts';
import type { Rule } from '#policy/lint/rule.ts';
import type { Definition } from '../definition.ts';

const definition = (command: string): string => `{
  "label": "Web",
  "url": "web",
  "version": "1.0.0",
  "arch": "amd64",
  "sharable": "multiple",
  "deployment": {
    "services": {
      "web": {
        "image": "registry.example.org/web:1.2.3",
        "log_driver": "json-file",
        "max_memory_mb": 256,
        "command": ${JSON.stringify(['sh', '-c', command])}
      }
    }
  }
}
`;

/** Rules about what hzn does to a JSON file before it reads it (reference/anax.md §3, §14). */
export const hznJsonRules: readonly Rule<Definition>[] = [
  {
    id: 'OH701',
    title: 'text that hzn cuts out as a comment',
    severity: 'error',
    language: 'json',
    why:
      'Before it parses a file, hzn removes everything between `/*` and `*/`, inside texts as well: globs such as ' +
      '"/proc/*/stat" followed by another "*/" lose what stands between.',
    fix: 'Write the slash or the star as \\u002f or \\u002a; `hzn-armor build` does.',
    bad: definition('cat /sys/*/name; ls */'),
    good: definition('cat /sys/class/net/eth0/address'),
    *check({ json, text, fields, document, base }) {
      if (!json || !text.includes('/*')) return;
      for (const { value, path } of texts(fields, [])) {
        const range = document.rangeOf([...base, ...path]);
        const opens =
          value.includes('/*') && range !== undefined ? text.slice(range.start, range.end).indexOf('/*') : -1;
        if (range === undefined || opens < 0 || text.indexOf('*/', range.start + opens + 2) < 0) continue;
        yield {
          path,
          message: 'hzn takes "/*" for a comment, and cuts it out up to the next "*/"',
          fix: 'Write /\\u002a.',
        };
      }
    },
  },
  {
    id: 'OH702',
    title: 'variable that hzn expands when it publishes',
    severity: 'warning',
    language: 'json',
    why:
      'hzn replaces `$NAME`, with and without braces, anywhere in a JSON file by its own environment, an unknown one by nothing: a ' +
      'shell command of a container is published with what the publisher’s shell had (unless HZN_DONT_SUBST_ENV_VARS=1).',
    fix: 'Write the dollar sign as \\u0024, or set HZN_DONT_SUBST_ENV_VARS=1; `hzn-armor build` does the first.',
    bad: definition('exec web --node "$HOSTNAME"'),
    good: definition('exec web --node "`hostname`"'),
    *check({ kind, json, fields, document, base, text }) {
      if (!json || kind !== 'service' || !isFields(fields.deployment)) return;
      for (const { value, path } of texts(fields.deployment, ['deployment'])) {
        const name = /\$\{?([A-Za-z_]\w*)/.exec(value)?.[1];
        const range = document.rangeOf([...base, ...path]);
        if (name === undefined || !MEANT_FOR_SHELL.has(String(path[3])) || range === undefined) continue;
        if (!text.slice(range.start, range.end).includes('$')) continue;
        yield { path, message: `hzn expands $${name} when it publishes, not the container`, fix: 'Write \\u0024.' };
      }
    },
  },
];

/** Fields of a container whose variables are those of the container; elsewhere they are mostly meant for hzn. */
const MEANT_FOR_SHELL = new Set(['command', 'entrypoint']);

function* texts(value: unknown, path: ValuePath): Generator<{ readonly value: string; readonly path: ValuePath }> {
  if (typeof value === 'string') yield { value, path };
  else if (Array.isArray(value)) for (const [index, child] of value.entries()) yield* texts(child, [...path, index]);
  else if (isFields(value)) for (const [key, child] of Object.entries(value)) yield* texts(child, [...path, key]);
}
