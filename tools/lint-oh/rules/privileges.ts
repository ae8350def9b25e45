import type { Report, Rule } from '#policy/lint/rule.ts';
import { below, type Container, containersOf, textsAt } from '../containers.ts';
import type { Definition } from '../definition.ts';
import { service } from '../example.ts';
import { known } from '../shape-faults.ts';

const web = (container: string): string => service('', container);

/** Rules about what a container may do to the node (reference/anax.md §1.4, §14; kubearmor.md §3.4; exchange-mms.md §0). */
export const privilegeRules: readonly Rule<Definition>[] = [
  {
    id: 'OH205',
    title: 'bind that the agent refuses',
    severity: 'error',
    why:
      'Without `privileged` the agent looks whether everybody may read, or write, the path of the host. The Docker socket ' +
      'may not be: the agreement then ends and is made again every 12 seconds. Options must be exactly `ro` to count as ' +
      'read-only: `ro,z` asks for write access (§1.4; exchange-mms.md §0).',
    fix: 'Bind the directory read-only (`/run:/host/run:ro`); write `ro` alone.',
    bad: web('      binds: ["/var/run/docker.sock:/var/run/docker.sock"]\n'),
    good: web('      binds: ["/run:/host/run:ro"]\n'),
    *check(definition) {
      for (const container of containersOf(definition)) {
        if (container.fields.privileged === true) continue;
        for (const { text, index } of textsAt(container, 'binds')) {
          const [source = '', , options] = text.split(':');
          const path = below(container, 'binds', index);
          if (/\/docker\.sock$/.test(source)) {
            yield {
              path,
              message: 'a container without privileges may not bind the Docker socket',
              fix: 'Bind /run:/host/run:ro instead.',
            };
          } else if (source.startsWith('/') && options?.split(',').includes('ro') === true && options !== 'ro') {
            yield {
              path,
              message: `"${options}" counts as read-write: only "ro" alone is read-only`,
              fix: 'Write ro alone.',
              severity: 'warning',
            };
          }
        }
      }
    },
  },
  {
    id: 'OH206',
    title: 'needs openhorizon.allowPrivileged',
    severity: 'info',
    why:
      'A service with `privileged: true` or `network: host` in any container, or in a service it requires, is only placed ' +
      'on nodes whose policy has the property openhorizon.allowPrivileged = true, at the top level (§1.4).',
    fix: 'Set the property on the nodes it is for.',
    bad: web('      privileged: true\n'),
    good: service(),
    *check(definition) {
      for (const container of containersOf(definition)) {
        const field =
          container.fields.privileged === true
            ? 'privileged'
            : container.fields.network === 'host'
              ? 'network'
              : undefined;
        if (field === undefined) continue;
        yield {
          path: below(container, field),
          message: 'only nodes with openhorizon.allowPrivileged = true take this',
          fix: 'Set it in their node policy.',
        };
      }
    },
  },
  {
    id: 'OH207',
    title: 'privilege that no gate looks at',
    severity: 'warning',
    why:
      'openhorizon.allowPrivileged gates `privileged` and `network: host` alone: the host of processes, added capabilities, ' +
      'disabled AppArmor or seccomp and writable system directories reach every node that matches (§1.4, §14).',
    fix: 'Take it out, or constrain the deployment policy by openhorizon.allowPrivileged == true yourself.',
    bad: web('      cap_add: [SYS_ADMIN]\n'),
    good: web('      cap_add: [NET_BIND_SERVICE]\n'),
    *check(definition) {
      for (const container of containersOf(definition)) {
        if (container.fields.privileged !== true) yield* ungatedPrivileges(container);
      }
    },
  },
  {
    id: 'OH208',
    title: 'container that KubeArmor takes for the host',
    severity: 'warning',
    why:
      'A container with `pid: host` is in the namespace of the host: KubeArmor never applies container policies to it, and ' +
      'reports what it does as events of the host (kubearmor.md §3.4).',
    fix: 'Leave `pid` away where the workload is to be protected.',
    bad: web('      pid: host\n'),
    good: service(),
    *check(definition) {
      for (const container of containersOf(definition)) {
        const image = known(container.fields, 'image') ?? '';
        if (container.fields.pid !== 'host' || /(?:^|\/)kubearmor(?:[:@]|$)/.test(image)) continue;
        yield {
          path: below(container, 'pid'),
          message: 'with the processes of the host no container policy ever holds',
          fix: 'Leave it away.',
        };
      }
    },
  },
];

const DANGEROUS = new Set([
  'ALL',
  'SYS_ADMIN',
  'SYS_MODULE',
  'SYS_PTRACE',
  'SYS_RAWIO',
  'DAC_READ_SEARCH',
  'BPF',
  'NET_ADMIN',
]);
const SYSTEM = ['/', '/etc', '/boot', '/lib/modules', '/root', '/var/lib/docker', '/usr', '/bin', '/sbin', '/dev'];

function* ungatedPrivileges(container: Container): Generator<Report> {
  for (const { text, index } of textsAt(container, 'cap_add')) {
    const name = text.toUpperCase().replace(/^CAP_/, '');
    if (DANGEROUS.has(name))
      yield {
        path: below(container, 'cap_add', index),
        message: `${name} is given on every node that matches`,
        fix: 'Take it out.',
      };
  }
  for (const { text, index } of textsAt(container, 'security_opt')) {
    if (/unconfined|label[=:]disable/.test(text))
      yield {
        path: below(container, 'security_opt', index),
        message: `"${text}" takes a protection of Docker away`,
        fix: 'Take it out.',
      };
  }
  for (const { text, index } of textsAt(container, 'binds')) {
    const [source = '', , options] = text.split(':');
    if (options === 'ro' || !SYSTEM.includes(source.replace(/(?<=.)\/$/, ''))) continue;
    yield {
      path: below(container, 'binds', index),
      message: `${source} of the host can be written by this container`,
      fix: 'Add :ro, or name a directory below it.',
    };
  }
}
