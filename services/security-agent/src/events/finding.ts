import type { AttachedPolicy } from '#agent/reconcile/desired.ts';
import { MARK } from '#agent/reconcile/desired.ts';
import type { Workload } from '#agent/workloads/identity.ts';
import type { Cause } from '#policy/evaluate.ts';
import type { SecurityEvent } from '#policy/event.ts';
import type { Attribution } from '#policy/telemetry/attribute.ts';
import type { MergedEvent } from '#policy/telemetry/merge-denials.ts';
import type { Finding } from './agent-event.ts';

/** Everything a finding is made of besides the event. */
export interface FindingContext {
  readonly attribution: Extract<Attribution, { kind: 'reported' | 'attributed' }>;
  /** Policies by the name KubeArmor holds them under. */
  readonly policies: ReadonlyMap<string, AttachedPolicy>;
  readonly workload: Workload | undefined;
}

/** The finding that a merged event is, with the policy it comes from and what that policy stands for. Pure. */
export function toFinding({ event, parts }: MergedEvent, context: FindingContext): Omit<Finding, 'id'> {
  const { attribution, policies, workload } = context;
  const rule = attribution.cause.kind === 'rule' ? attribution.cause.rule : undefined;
  const kubearmorPolicy = attribution.kind === 'reported' ? event.policyName : rule?.policy;
  const attached = kubearmorPolicy === undefined ? undefined : policies.get(kubearmorPolicy);
  const severity = event.severity ?? rule?.severity;
  const message = event.message ?? rule?.message;
  return {
    kind: 'finding',
    time: new Date(event.timeMicros / 1000).toISOString(),
    outcome: outcomeOf(event, attribution),
    category: event.category,
    policy: attached?.effective.policy.metadata.name ?? kubearmorPolicy ?? nameOf(attribution.cause),
    ...(kubearmorPolicy === undefined ? {} : { kubearmorPolicy }),
    ...origin(attached),
    ...(severity === undefined ? {} : { severity }),
    ...(message === undefined || message === '' ? {} : { message }),
    tags: (event.tags.length > 0 ? event.tags : (rule?.tags ?? [])).filter((tag) => tag !== MARK),
    compliance: attached?.effective.compliance ?? [],
    attributedBy: attribution.kind === 'reported' ? 'kubearmor' : 'agent',
    ...(workload === undefined ? {} : { workload }),
    ...(event.container === undefined ? {} : { containerName: event.container.name }),
    executable: event.actor.executable,
    parentExecutable: event.actor.parentExecutable,
    commandLine: event.actor.commandLine,
    pid: event.actor.pid,
    uid: event.actor.uid,
    target: targetOf(event),
    ...(event.network === undefined ? {} : { network: event.network }),
    result: event.result,
    merged: parts.length,
  };
}

function origin(attached: AttachedPolicy | undefined): Pick<Finding, 'layer' | 'payloadId' | 'template'> {
  if (attached === undefined) return {};
  const { layer, payloadId, template } = attached.effective;
  return { layer, payloadId, ...(template === undefined ? {} : { template }) };
}

/** KubeArmor's word where it has one; "Audit (Block)" blocked nothing (§5.1). */
function outcomeOf({ action, denied }: SecurityEvent, attribution: FindingContext['attribution']): Finding['outcome'] {
  if (attribution.kind === 'attributed') return attribution.decision.outcome === 'blocked' ? 'blocked' : 'audited';
  return action === 'Block' || (action === undefined && denied) ? 'blocked' : 'audited';
}

function nameOf(cause: Cause): string {
  return cause.kind === 'posture' ? 'DefaultPosture' : 'unknown';
}

/** What the access was about, in one word or line. */
function targetOf({ dns, network, capability, category, path, resource, syscall }: SecurityEvent): string {
  if (dns !== undefined) return dns.domain;
  if (category === 'capabilities' && capability !== undefined) return capability;
  if (category === 'network' && network !== undefined) {
    const { address, port, protocol, socketType } = network;
    const peer =
      address === undefined
        ? ''
        : `${address.includes(':') ? `[${address}]` : address}${port === undefined ? '' : `:${port}`}`;
    const kind = protocol ?? socketType ?? '';
    return [peer, kind].filter((part) => part !== '').join(' ') || resource;
  }
  if (category === 'syscall' && syscall !== undefined) return path === undefined ? syscall : `${syscall} ${path}`;
  return path ?? resource;
}
