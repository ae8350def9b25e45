/** What an agbot does at the CSS: read the objects that have a policy, and say where they go. */
import { type Ask, AskFailed } from '../ask.ts';
import { destinationPolicy } from '../mms/decode-update.ts';
import { type Decode, list, ROOT, struct, text } from '../mms/go-decode.ts';
import { parseGoJson } from '../mms/go-json-text.ts';
import type { DestinationPolicy } from '../mms/meta-data.ts';
import type { Move, PolicyObject } from './place-objects.ts';

interface Entry {
  readonly orgID: string;
  readonly objectType: string;
  readonly objectID: string;
  readonly destinationPolicy: DestinationPolicy;
  readonly destinations: readonly { readonly destinationType: string; readonly destinationID: string }[] | null;
}

const entry: Decode<Entry> = struct<Entry>(
  'ObjectDestinationPolicy',
  'ObjectDestinationPolicy',
  {
    orgID: text,
    objectType: text,
    objectID: text,
    destinationPolicy,
    destinations: list(
      'DestinationsStatus',
      struct(
        'DestinationsStatus',
        'DestinationsStatus',
        { destinationType: text, destinationID: text },
        { destinationType: '', destinationID: '' },
      ),
    ),
  },
  {
    orgID: '',
    objectType: '',
    objectID: '',
    destinationPolicy: { properties: null, constraints: null, services: null, timestamp: 0n },
    destinations: null,
  },
);

/** Objects of an organisation that have a policy, seen before or not. @throws AskFailed */
export async function readPolicyObjects(ask: Ask, auth: string, org: string): Promise<PolicyObject[]> {
  const path = `/api/v1/objects/${encodeURIComponent(org)}?destination_policy=true&received=true`;
  const { status, body } = await ask({ path, auth });
  if (status === 404) return [];
  if (status !== 200) throw new AskFailed(`GET ${path} was answered with ${status}`);
  return (list('ObjectDestinationPolicy', entry)(parseGoJson(body), ROOT) ?? []).map((object) => ({
    org: object.orgID,
    type: object.objectType,
    id: object.objectID,
    policy: object.destinationPolicy,
    nodes: (object.destinations ?? []).map(({ destinationID }) => destinationID),
  }));
}

/** Tells the CSS. A node that has not registered there yet is refused (500), and comes again. @returns whether it took it */
export async function applyMove(ask: Ask, auth: string, { object, node, kind }: Move): Promise<boolean> {
  const path = `/api/v1/objects/${[object.org, object.type, object.id].map(encodeURIComponent).join('/')}/destinations`;
  const body = JSON.stringify({ action: kind, destinations: [`openhorizon.edgenode:${node}`] });
  const { status } = await ask({ method: 'POST', path, auth, body });
  return status === 204;
}
