import type { Layer, PolicyPayload } from '#policy/payload.ts';
import { POLICY_OBJECT_TYPE } from '#policy/payload.ts';
import type { Css } from '#tools/hub/css.ts';
import { type Delivery, deliveryOf } from '#tools/hub/delivery.ts';
import { type CarriedPolicy, isWithdrawn, type Trust } from './carried.ts';
import { timeOf } from './live-history.ts';

/** A security policy of the org, as `policy list --json` prints it. */
export interface PolicyLine {
  readonly id: string;
  readonly name: string;
  readonly layer: Layer;
  readonly state: 'in force' | 'withdrawn' | 'unreadable';
  readonly trust: Trust;
  readonly keyId?: string;
  readonly seq?: number;
  readonly time?: string;
  readonly target: string;
  /** Names of the policies that it carries. */
  readonly policies: readonly string[];
  /** `org/user` who wrote the object last. */
  readonly owner: string;
  /** Nodes that are to have it, over all its objects; how many have it; which do not yet. */
  readonly nodes: number;
  readonly delivered: number;
  readonly waiting: readonly string[];
}

/** The line of a policy; asks the CSS how far it has come. */
export async function policyLine(css: Css, carried: CarriedPolicy): Promise<PolicyLine> {
  const deliveries = await readDeliveries(css, carried);
  const { id, name, layer, trust, keyId, payload, objects } = carried;
  return {
    id,
    name,
    layer,
    state: payload === undefined ? 'unreadable' : isWithdrawn(carried) ? 'withdrawn' : 'in force',
    trust,
    ...(keyId !== undefined && { keyId }),
    ...(payload !== undefined && { seq: payload.seq, time: timeOf(payload.seq) }),
    target: payload === undefined ? '' : targetText(payload),
    policies: payload?.policies.map(({ metadata }) => metadata.name) ?? [],
    owner: objects[0]?.metadata.owner ?? '',
    nodes: deliveries.reduce((sum, { nodes }) => sum + nodes, 0),
    delivered: deliveries.reduce((sum, { delivered }) => sum + delivered, 0),
    waiting: deliveries.flatMap(({ waiting }) => waiting),
  };
}

/** `edge/homeassistant`, with container, architecture and versions where they are not any; `host`. */
export function targetText({ target }: PolicyPayload): string {
  if ('host' in target) return 'host and every workload';
  const { org, service, container, arch, versionRange } = target;
  const parts = [
    container === '*' || container === service ? '' : ` container ${container}`,
    arch === '*' ? '' : ` ${arch}`,
    versionRange === '[0.0.0,INFINITY)' ? '' : ` ${versionRange}`,
  ];
  return `${org}/${service}${parts.join('')}`;
}

async function readDeliveries(css: Css, { objects }: CarriedPolicy): Promise<Delivery[]> {
  return Promise.all(
    objects.map(async ({ metadata: { objectID } }) =>
      deliveryOf(objectID, await css.destinations(POLICY_OBJECT_TYPE, objectID)),
    ),
  );
}
