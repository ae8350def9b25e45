import type { Rule } from '#policy/lint/rule.ts';
import { below, type Container, containersOf, textsAt } from '../containers.ts';
import type { Definition } from '../definition.ts';
import { service } from '../example.ts';
import { known, mapsAt } from '../shape-faults.ts';

const web = (container: string): string => service('', container);

/** Rules about the containers of a deployment (reference/anax.md §1.3, §1.4, §5, §10; exchange-mms.md §0). */
export const containerRules: readonly Rule<Definition>[] = [
  {
    id: 'OH201',
    title: 'image that can not be read, or may be another one tomorrow',
    severity: 'warning',
    why:
      'The agent pulls an image each time, also when it is there. Without a tag, or with `latest`, the same definition ' +
      'runs different programs on different nodes. What is no image reference at all is found out on the node (§1.4).',
    fix: 'Name a version, or a digest; `hzn-armor images lock` puts digests in.',
    bad: service().replace('web:1.2.3', 'web'),
    good: service(),
    *check(definition) {
      for (const container of containersOf(definition)) {
        const image = known(container.fields, 'image');
        if (image === undefined) continue;
        const path = below(container, 'image');
        if (image === '' || /\s/.test(image) || image.includes('://')) {
          yield { path, message: `"${image}" is no image`, fix: 'Write name:tag.', severity: 'error' };
        } else if (!image.includes('@') && !/:[^/]+$/.test(image)) {
          yield { path, message: `"${image}" has no tag: whatever is the latest then`, fix: 'Name a version.' };
        } else if (/:latest$/.test(image)) {
          yield { path, message: 'latest is another image tomorrow', fix: 'Name a version.' };
        }
      }
    },
  },
  {
    id: 'OH202',
    title: 'container name that Docker refuses',
    severity: 'error',
    why: 'The name becomes part of the name of the container: `[a-zA-Z0-9][a-zA-Z0-9_.-]*`. Nobody checks it before the node does (§10).',
    fix: 'Use letters, digits, dots, dashes and underscores.',
    bad: service().replace('    web:', '    "web server":'),
    good: service(),
    *check(definition) {
      for (const { name, at } of containersOf(definition)) {
        if (/^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/.test(name)) continue;
        yield {
          path: at,
          onKey: true,
          message: `Docker refuses the name "${name}"`,
          fix: 'Use letters, digits, dots and dashes.',
        };
      }
    },
  },
  {
    id: 'OH203',
    title: 'port that can not be published',
    severity: 'error',
    why: 'Ports are written as host[:container][/protocol]; what does not fit fails when the container is made, on the node (§1.3).',
    fix: 'Write "8080:80/tcp"; each port of the host once.',
    bad: web('      ports:\n        - HostPort: "8080->80"\n'),
    good: web('      ports:\n        - HostPort: "8080:80/tcp"\n'),
    *check(definition) {
      const taken = new Set<string>();
      for (const container of containersOf(definition)) {
        for (const { list, index, fields } of portsOf(container)) {
          const field = list === 'ephemeral_ports' ? 'port_and_protocol' : 'HostPort';
          const text = known(fields, field);
          if (text === undefined) continue;
          const path = below(container, list, index, field);
          const form =
            list === 'ephemeral_ports' ? /^(\d+)(?:\/(?:tcp|udp|sctp))?$/ : /^(\d+)(?::(\d+))?(?:\/(tcp|udp|sctp))?$/;
          const match = form.exec(text);
          if (match === null || [match[1], match[2]].some((port) => port !== undefined && !isPort(port))) {
            yield {
              path,
              message: `"${text}" is no port`,
              fix: list === 'ephemeral_ports' ? 'Write "80/tcp".' : 'Write "8080:80/tcp".',
            };
          } else if (list !== 'ephemeral_ports') {
            const address = known(fields, 'HostIP') ?? known(fields, 'HostIp') ?? '';
            const key = `${address} ${match[1]} ${match[3] ?? 'tcp'}`;
            if (taken.has(key))
              yield { path, message: `port ${match[1]} of the host is published twice`, fix: 'Choose another one.' };
            taken.add(key);
            if (match[1] === '8510')
              yield {
                path,
                message: '8510 is the port of the agent itself',
                fix: 'Choose another one.',
                severity: 'warning',
              };
          }
        }
      }
    },
  },
  {
    id: 'OH204',
    title: 'device, variable or bind that can not be read',
    severity: 'error',
    why:
      'Devices are host[:container[:permissions]], variables NAME=value, binds source:/path[:options]; the agent finds out ' +
      'when it makes the container (§1.3).',
    fix: 'Write them so.',
    bad: web('      environment: [MODE]\n'),
    good: web('      environment: [MODE=fast]\n'),
    *check(definition) {
      for (const container of containersOf(definition)) {
        for (const { text, index } of textsAt(container, 'environment')) {
          if (text.includes('$') || /^[^=\s]+=/.test(text)) continue;
          yield {
            path: below(container, 'environment', index),
            message: `"${text}" gives no variable a value`,
            fix: 'Write NAME=value.',
          };
        }
        for (const { text, index } of textsAt(container, 'devices')) {
          if (text.includes('$') || /^\/[^:]+(?::\/[^:]+(?::[rwm]{1,3})?)?$/.test(text)) continue;
          yield {
            path: below(container, 'devices', index),
            message: `"${text}" is no device`,
            fix: 'Write /dev/x[:/dev/y[:rwm]].',
          };
        }
        for (const { text, index } of textsAt(container, 'binds')) {
          if (text.includes('$') || /^(?:\/[^:]*|[A-Za-z0-9][\w.-]*):\/[^:]*(?::[A-Za-z,]+)?$/.test(text)) continue;
          yield {
            path: below(container, 'binds', index),
            message: `"${text}" is no bind`,
            fix: 'Write /host/path:/path, or volume:/path.',
          };
        }
      }
    },
  },
  {
    id: 'OH209',
    title: 'secrets in several containers',
    severity: 'warning',
    why: 'The check that every secret is bound keeps the last container of a service only (§11).',
    fix: 'Give the secrets to one container.',
    bad: service(
      '',
      '      secrets: { token: { description: a } }\n    worker:\n      image: registry.example.org/worker:1\n      secrets: { key: { description: b } }\n',
    ),
    good: service('', '      secrets: { token: { description: a } }\n'),
    *check(definition) {
      const holders = [...containersOf(definition)].filter(
        ({ fields }) => Object.keys(Object(fields.secrets)).length > 0,
      );
      for (const container of holders.slice(1)) {
        yield {
          path: below(container, 'secrets'),
          onKey: true,
          message: 'only the secrets of one container are checked for a binding',
          fix: 'Give them to one container.',
        };
      }
    },
  },
  {
    id: 'OH210',
    title: 'memory and logs without a limit',
    severity: 'info',
    why:
      'Without `max_memory_mb` a container may take the whole memory of the node; without `log_driver` its output goes to ' +
      "the host's syslog (§1.3, §14).",
    fix: 'Set `max_memory_mb`, and `log_driver: json-file` or `local`.',
    bad: service().replace('      max_memory_mb: 256\n', ''),
    good: service(),
    *check(definition) {
      for (const container of containersOf(definition)) {
        const missing = ['max_memory_mb', 'log_driver'].filter((name) => container.fields[name] === undefined);
        if (missing.length === 0) continue;
        yield {
          path: below(container),
          onKey: !container.signed,
          message: `${container.name} has no ${missing.join(' and no ')}`,
          fix: 'Set it.',
        };
      }
    },
  },
];

function* portsOf(container: Container) {
  for (const list of ['ports', 'specific_ports', 'ephemeral_ports'] as const) {
    for (const { fields, index } of mapsAt(container.fields, list)) yield { list, index, fields };
  }
}

function isPort(text: string): boolean {
  return Number(text) > 0 && Number(text) < 65_536;
}
