import { type FlatRule, subjectOf } from '../../flat-rules.ts';
import { containerPolicy, hostPolicy } from '../example.ts';
import type { PolicySubject } from '../policy-subject.ts';
import type { Rule } from '../rule.ts';
import { protocolsOf } from './network.ts';

/** Where the programs of a system lie: without them nothing starts, the shell of an entrypoint included. */
const PROGRAMS = ['/', '/bin/', '/sbin/', '/usr/', '/usr/bin/', '/usr/sbin/', '/usr/local/', '/usr/local/bin/'];
/** What nearly every program reads. */
const READ_BY_ALL = ['/', '/dev/', '/etc/', '/lib/', '/lib64/', '/proc/', '/sys/', '/usr/', '/usr/lib/', '/usr/lib64/'];
/** What programs have to write to, `/dev/null` among it. */
const WRITTEN_BY_ALL = ['/', '/dev/', '/proc/'];
/** What keeps a node running, reachable and governed. */
const NODE_PROGRAMS =
  /\/(?:systemd[\w-]*|init|dbus-[\w-]+|sshd|login|agetty|dockerd|containerd[\w-]*|runc|docker-proxy|anax|horizon[\w-]*|kubearmor)$/;
const NODE_DIRECTORIES = [
  '/usr/lib/systemd/',
  '/lib/systemd/',
  '/usr/horizon/',
  '/usr/horizon/bin/',
  '/opt/kubearmor/',
];

const directory = (section: string, dir: string): string =>
  `  ${section}:\n    matchDirectories:\n      - dir: ${dir}\n        recursive: true\n`;

/** Rules about policies that are right and may yet take down what they protect (discovery.md §2.2). */
export const dangerRules: readonly Rule<PolicySubject>[] = [
  {
    id: 'KA401',
    title: 'blocks the programs of the system',
    severity: 'warning',
    why:
      'A Block of a system directory for every process stops the shell that starts the workload, health checks, and on a ' +
      'host the login. Often a `fromSource` was meant for all entries of a list and stands in one (discovery.md §2.2).',
    fix: 'Name the programs that are not to run, or the sources they are not to be run from.',
    bad: containerPolicy(directory('process', '/usr/bin/')),
    good: containerPolicy('  process:\n    matchPaths:\n      - path: /usr/bin/apt\n'),
    *check({ rules }) {
      for (const rule of rules) {
        if (rule.section !== 'process' || !blocksAll(rule) || !PROGRAMS.includes(subjectOf(rule))) continue;
        if (isHollow(rule)) continue;
        yield {
          path: [...rule.at, 'dir'],
          message: `no process can start a program of ${subjectOf(rule)} any more`,
          fix: 'Name the programs, or the sources.',
        };
      }
    },
  },
  {
    id: 'KA402',
    title: 'blocks files that every program needs',
    severity: 'warning',
    why: 'Libraries, /etc, /proc and /dev (with /dev/null and /dev/urandom) are opened by nearly every program: it fails to start.',
    fix: 'Block writing only (`readOnly: true`), or name the files.',
    bad: containerPolicy(directory('file', '/dev/')),
    good: containerPolicy('  file:\n    matchPaths:\n      - path: /dev/mem\n'),
    *check({ rules }) {
      for (const rule of rules) {
        if (rule.section !== 'file' || !blocksAll(rule)) continue;
        const subject = subjectOf(rule);
        const writing = rule.fields.readOnly === true;
        if (!(writing ? WRITTEN_BY_ALL : READ_BY_ALL).includes(subject) || isHollow(rule)) continue;
        yield {
          path: [...rule.at, 'dir'],
          message: `no process can ${writing ? 'write to' : 'open'} anything in ${subject} any more`,
          fix: writing ? 'Name the files.' : 'Block writing only (readOnly: true), or name the files.',
        };
      }
    },
  },
  {
    id: 'KA403',
    title: 'blocks the network of the workload',
    severity: 'warning',
    why:
      'A Block of tcp, stream or all without a source ends every connection of the workload, its listening ports and its ' +
      'health checks; one of udp or dgram its DNS. Local sockets (unix) are streams as well.',
    fix: 'Name the programs that may not: `fromSource`.',
    bad: containerPolicy('  network:\n    matchProtocols:\n      - protocol: tcp\n'),
    good: containerPolicy(
      '  network:\n    matchProtocols:\n      - protocol: tcp\n        fromSource:\n          - path: /usr/bin/bash\n',
    ),
    *check({ rules }) {
      for (const rule of rules) {
        if (rule.list !== 'matchProtocols' || !blocksAll(rule)) continue;
        const wide = protocolsOf(rule).find((name) => ['all', 'tcp', 'udp', 'stream', 'dgram'].includes(name));
        if (wide !== undefined)
          yield {
            path: [...rule.at, 'protocol'],
            message: `no process can use ${wide === 'all' ? 'the network' : wide} any more`,
            fix: 'Name the programs: fromSource.',
          };
      }
    },
  },
  {
    id: 'KA404',
    title: 'Allow of everything',
    severity: 'warning',
    why:
      'An Allow makes an allow-list of its section. One of `/` with `recursive: true` lists everything: nothing is ' +
      'reported or blocked by it, and it takes the default posture out of play.',
    fix: 'List what the workload needs, or leave the rule away.',
    bad: containerPolicy(directory('file', '/'), 'Allow'),
    good: containerPolicy(directory('file', '/app/'), 'Allow'),
    *check({ rules }) {
      for (const rule of rules) {
        if (rule.action !== 'Allow' || rule.sources !== undefined || rule.fields.recursive !== true) continue;
        if (subjectOf(rule) !== '/' || rule.fields.readOnly === true || rule.fields.ownerOnly === true) continue;
        yield {
          path: [...rule.at, 'dir'],
          message: 'this allow-list has everything on it',
          fix: 'List what is needed.',
        };
      }
    },
  },
  {
    id: 'KA405',
    title: 'touches what keeps the node running',
    severity: 'warning',
    why:
      'A host rule on systemd, sshd, the container engine, the Open Horizon agent or KubeArmor can cut the node off: no ' +
      'login, no containers, and no way to withdraw the policy.',
    fix: 'Audit instead, or give the rule a `fromSource` that is none of them.',
    bad: hostPolicy('  process:\n    matchPaths:\n      - path: /usr/bin/dockerd\n'),
    good: hostPolicy('  process:\n    matchPaths:\n      - path: /usr/bin/dockerd\n', 'Audit'),
    *check({ host, rules }) {
      if (!host) return;
      for (const rule of rules) {
        if (rule.section !== 'process' || !blocksAll(rule)) continue;
        const subject = subjectOf(rule);
        if (
          !NODE_PROGRAMS.test(subject.startsWith('/') ? subject : `/${subject}`) &&
          !NODE_DIRECTORIES.includes(subject)
        )
          continue;
        yield { path: rule.at, message: `the node depends on ${subject}`, fix: 'Audit it instead.' };
      }
    },
  },
  {
    id: 'KA406',
    title: 'allow-list on a host',
    severity: 'warning',
    why:
      'One Allow rule, even with a source, makes an allow-list of its section for the whole host. With a default posture ' +
      'of block everything that is not on it fails, boot and login included (§4.3, §4.5, §10.14).',
    fix: 'Write Block rules, or keep the host posture at audit and read its alerts first.',
    bad: hostPolicy('  process:\n    matchPaths:\n      - path: /usr/bin/less\n', 'Allow'),
    good: hostPolicy('  process:\n    matchPaths:\n      - path: /usr/bin/less\n'),
    *check({ host, rules }) {
      if (!host) return;
      for (const section of ['process', 'file', 'network', 'device'] as const) {
        const first = rules.find((rule) => rule.section === section && rule.action === 'Allow');
        if (first === undefined) continue;
        yield {
          path: first.at,
          message: `this makes an allow-list of ${section} for the whole host`,
          fix: 'Use Block rules.',
        };
      }
    },
  },
  {
    id: 'KA407',
    title: 'allow-list of capabilities',
    severity: 'warning',
    why:
      'Starting a process in a container (`docker exec`, a health check of the engine) uses setuid, setgid and sys_admin ' +
      'itself: with a default posture of block an allow-list without them makes every `docker exec` fail (§0).',
    fix: 'Block single capabilities instead.',
    bad: containerPolicy('  capabilities:\n    matchCapabilities:\n      - capability: net_bind_service\n', 'Allow'),
    good: containerPolicy('  capabilities:\n    matchCapabilities:\n      - capability: net_raw\n'),
    *check({ host, rules }) {
      const first = rules.find((rule) => rule.section === 'capabilities' && rule.action === 'Allow');
      if (host || first === undefined) return;
      yield {
        path: first.at,
        message: 'everything not listed falls under the default posture, docker exec included',
        fix: 'Block single capabilities.',
      };
    },
  },
];

/** A rule without `recursive` on a directory that has nothing but directories in it. */
function isHollow(rule: FlatRule): boolean {
  return rule.fields.recursive !== true && ['/', '/sys/', '/usr/', '/usr/local/'].includes(subjectOf(rule));
}

function blocksAll({ action, sources, fields }: FlatRule): boolean {
  return action === 'Block' && sources === undefined && fields.pts !== false && fields.ownerOnly !== true;
}
