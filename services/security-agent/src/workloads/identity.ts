import type { WorkloadIdentity } from '#policy/layers.ts';
import type { PolicyPayload } from '#policy/payload.ts';
import { SERVICE_NAME_LABEL } from '#policy/types.ts';
import type { ContainerFacts } from './observation.ts';

/** Label with the agreement id of a top-level service, or the instance key of a dependent one (anax.md §5.1). */
const AGREEMENT_LABEL = 'openhorizon.anax.agreement_id';

/** A workload's identity in Open Horizon, as far as it can be known on the node. */
export interface Workload extends WorkloadIdentity {
  readonly agreement?: string;
  /** `sha256:…` where the image is named by digest. */
  readonly imageDigest?: string;
}

/** True for containers that anax started, other than the agent's own: KubeArmor, the proxy, the agent. */
export function isWorkload({ labels }: Pick<ContainerFacts, 'labels'>, ownAgreement: string | undefined): boolean {
  return (
    labels[SERVICE_NAME_LABEL] !== undefined && (ownAgreement === undefined || labels[AGREEMENT_LABEL] !== ownAgreement)
  );
}

/**
 * Who a container is. No label carries service, org or version (anax.md §5.1): a dependent's instance key holds them,
 * and a top-level service's name follows from the payloads where exactly one service has a container of that name.
 */
export function identify(
  { labels, image }: Pick<ContainerFacts, 'labels' | 'image'>,
  payloads: readonly PolicyPayload[],
  arch: string,
): Workload | undefined {
  const container = labels[SERVICE_NAME_LABEL];
  if (container === undefined) return undefined;
  const agreement = labels[AGREEMENT_LABEL];
  const digest = /@(sha256:[0-9a-f]{64})$/.exec(image)?.[1];
  return {
    container,
    arch,
    ...(dependentOf(agreement) ?? targetOf(container, payloads)),
    ...(agreement === undefined ? {} : { agreement }),
    ...(digest === undefined ? {} : { imageDigest: digest }),
  };
}

/** `<org>_<service>_<version>_<uuid>` (cutil.go:341-365); an agreement id is 64 hex digits. */
function dependentOf(key: string | undefined): Pick<WorkloadIdentity, 'org' | 'service' | 'version'> | undefined {
  const match = /^([^_]+)_(.+)_([\d.]+)_[0-9a-f-]{36}$/.exec(key ?? '');
  if (match === null) return undefined;
  const [, org = '', service = '', version = ''] = match;
  return { org, service, version };
}

function targetOf(
  container: string,
  payloads: readonly PolicyPayload[],
): Pick<WorkloadIdentity, 'org' | 'service'> | undefined {
  const services = new Map<string, { org: string; service: string }>();
  for (const { target } of payloads) {
    if ('host' in target || target.service === '*' || target.org === '*') continue;
    if (target.container === container)
      services.set(`${target.org}/${target.service}`, { org: target.org, service: target.service });
  }
  const [only, another] = services.values();
  return another === undefined ? only : undefined;
}
