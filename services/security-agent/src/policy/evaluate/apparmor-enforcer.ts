import type { SecurityEvent } from '../event.ts';
import { buildProfiles, type Profile, type ProfileRule, type Profiles } from './apparmor-profile.ts';
import type { Posture } from './decision.ts';
import type { Enforcer } from './judge.ts';
import type { ObjectRule, ProtocolMatch, Rule } from './rule.ts';
import { DENY_UNLISTED, denied, PASS, passed, type Verdict } from './verdict.ts';

/** Which categories have lost their blanket permission: those with an Allow rule, under posture block. */
interface Listed {
  readonly objects: boolean;
  readonly network: boolean;
  readonly capabilities: boolean;
}

/**
 * KubeArmor with AppArmor: a denying rule wins over any other, patterns work, and there are no presets, DNS rules,
 * arguments or pts. What the profile denies besides (mounts, most of /proc and /sys for writing) is no rule's doing
 * and not judged here.
 */
export function apparmorEnforcer(rules: readonly Rule[], posture: Posture): Enforcer {
  const profiles = buildProfiles(rules);
  const listed = listedCategories(rules, posture);
  return {
    posture,
    noticesPosture: false,
    enforce: (event) => ({ verdict: verdictOf(profiles, listed, event), told: event }),
  };
}

function listedCategories(rules: readonly Rule[], posture: Posture): Listed {
  const allows = (...operations: readonly Rule['operation'][]) =>
    rules.some(({ operation, ref }) => ref.action === 'Allow' && operations.includes(operation));
  return {
    objects: posture.file === 'block' && allows('process', 'file'),
    network:
      posture.network === 'block' && rules.some(({ kind, ref }) => kind === 'protocol' && ref.action === 'Allow'),
    capabilities: posture.capabilities === 'block' && allows('capabilities'),
  };
}

function verdictOf(profiles: Profiles, listed: Listed, event: SecurityEvent): Verdict {
  const { executable, parentExecutable } = event.actor;
  switch (event.category) {
    case 'process':
      return event.syscall === 'ptrace' ? PASS : startVerdict(profiles, listed, event);
    case 'file':
      return fileVerdict(profileFor(profiles, executable, parentExecutable), listed, event);
    case 'network':
      return socketVerdict(profileFor(profiles, executable, parentExecutable), listed, event);
    case 'capabilities':
      return capabilityVerdict(profileFor(profiles, executable, parentExecutable), listed, event);
    default:
      return PASS;
  }
}

/** Programs that a source starts stay in its profile. */
function profileFor({ main, bySource }: Profiles, executable: string, parent: string): Profile {
  return bySource.get(executable) ?? bySource.get(parent) ?? main;
}

const CONTAINER_RUNTIME = /(?:^|\/)(?:runc|crun|containerd-shim[\w-]*|docker-runc)$/;

function startVerdict(profiles: Profiles, listed: Listed, event: SecurityEvent): Verdict {
  const { path, actor } = event;
  if (path === undefined) return PASS;
  const profile = profiles.bySource.get(actor.parentExecutable) ?? profiles.main;
  const verdict = matching(profile.process, path).find(({ deny, rule }) => deny && ownerDenies(rule, event));
  // `docker exec` starts its program before the profile holds it (reference/kubearmor.md §0).
  const byRuntime = actor.parentExecutable === '' || CONTAINER_RUNTIME.test(actor.parentExecutable);
  const unknown = byRuntime ? 'started-by-runtime' : undefined;
  if (verdict !== undefined) return denied(verdict.rule, unknown);
  const allowing = matching(profile.process, path).find(({ deny }) => !deny);
  if (allowing !== undefined) return passed(allowing.rule);
  if (!listed.objects || profiles.bySource.has(path)) return PASS;
  return unknown === undefined ? DENY_UNLISTED : denied(undefined, unknown);
}

function matching(rules: readonly ProfileRule[], path: string): readonly ProfileRule[] {
  return rules.filter(({ glob }) => glob.test(path));
}

/** Everybody is denied, or with ownerOnly everybody else; an unknown owner counts as somebody else. */
function ownerDenies(rule: ObjectRule, { ownerUid, actor }: SecurityEvent): boolean {
  return !rule.ownerOnly || ownerUid === undefined || ownerUid !== actor.uid;
}

/** What base abstractions allow every program to read (apparmor's abstractions/base, and KubeArmor's own line). */
const BASE_READABLE =
  /^\/(?:usr\/)?lib(?:32|64)?\/|^\/dev\/(?:null|zero|full|u?random)$|^\/etc\/(?:ld\.so|localtime|locale)|^\/usr\/share\/(?:zoneinfo|locale)|^\/proc\/(?:meminfo|cpuinfo|stat|filesystems|\d+\/)/;

function fileVerdict(profile: Profile, listed: Listed, event: SecurityEvent): Verdict {
  const { path } = event;
  if (path === undefined) return PASS;
  const rules = matching(profile.file, path);
  const writing = event.write === true;
  for (const { rule, deny } of rules) {
    if (!deny || !forbids(rule, event, writing)) continue;
    return denied(rule, rule.ownerOnly && event.ownerUid === undefined ? 'owner' : undefined);
  }
  const allowing = rules.find(({ rule, deny }) => !deny && grants(rule, event, writing));
  if (allowing !== undefined) return passed(allowing.rule);
  if (!listed.objects) return PASS;
  return !writing && BASE_READABLE.test(path) ? denied(undefined, 'base-profile') : DENY_UNLISTED;
}

function forbids(rule: ObjectRule, event: SecurityEvent, writing: boolean): boolean {
  const readOnly = rule.kind !== 'execname' && rule.readOnly;
  // readOnly with ownerOnly: the owner may not write, others may nothing.
  if (readOnly) return writing || (rule.ownerOnly && ownerDenies(rule, event));
  return ownerDenies(rule, event);
}

function grants(rule: ObjectRule, event: SecurityEvent, writing: boolean): boolean {
  const readOnly = rule.kind !== 'execname' && rule.readOnly;
  return !(readOnly && writing) && (!rule.ownerOnly || event.ownerUid === event.actor.uid);
}

function socketVerdict(profile: Profile, listed: Listed, event: SecurityEvent): Verdict {
  const rules = profile.network.filter((rule) => mediates(rule, event));
  const denying = rules.find(({ ref }) => ref.action === 'Block');
  if (denying !== undefined) return denied(denying);
  const allowing = rules.find(({ ref }) => ref.action === 'Allow');
  if (allowing !== undefined) return passed(allowing);
  return listed.network && event.network?.socketType !== undefined ? DENY_UNLISTED : PASS;
}

/** AppArmor mediates family and type: tcp and udp are the internet families' stream and datagram sockets. */
function mediates({ protocol }: ProtocolMatch, { network }: SecurityEvent): boolean {
  const type = network?.socketType?.slice('SOCK_'.length).toLowerCase();
  if (type === undefined) return false;
  const internet = network?.family?.startsWith('AF_INET') === true;
  switch (protocol.toLowerCase()) {
    case 'all':
      return true;
    case 'tcp':
      return internet && type === 'stream';
    case 'udp':
      return internet && type === 'dgram';
    default:
      return protocol.toLowerCase() === type;
  }
}

function capabilityVerdict(profile: Profile, listed: Listed, event: SecurityEvent): Verdict {
  const rules = profile.capabilities.filter(({ capability }) => capability === event.capability);
  const denying = rules.find(({ ref }) => ref.action === 'Block');
  if (denying !== undefined) return denied(denying);
  const [allowing] = rules;
  if (allowing !== undefined) return passed(allowing);
  return listed.capabilities && event.capability !== undefined ? DENY_UNLISTED : PASS;
}
