import { ArmorError } from '#errors';
import type { Body } from '#tools/bundle/types.ts';
import { deploymentPolicyAsSent, patternAsSent, serviceAsSent } from './as-sent.ts';
import type { Exchange } from './exchange.ts';
import { fieldChanges } from './field-changes.ts';
import { LARGEST_BODY } from './quirks.ts';
import type { BodyResource, KeyResource, ServiceResource } from './resources.ts';

type ListedResource = ServiceResource | (BodyResource & { readonly kind: 'pattern' | 'deployment-policy' });

const AS_SENT = {
  service: serviceAsSent,
  pattern: patternAsSent,
  'deployment-policy': deploymentPolicyAsSent,
} as const;

/**
 * Brings one service, pattern or deployment policy to what it shall be, whatever other publishers do meanwhile: what
 * appeared is updated, what vanished is created, and what belongs to somebody else is said so.
 *
 * @param exists what the plan believes
 * @throws ArmorError HUB_DENIED, HUB_REJECTED, HUB_CONFLICT, HUB_UNREACHABLE
 */
export async function writeListed(exchange: Exchange, resource: ListedResource, exists: boolean): Promise<void> {
  const { kind, id, file } = resource;
  const body: Body = { ...resource.body };
  refuseTooLarge(body, resource);
  if (exists) {
    const outcome = await exchange.replace(kind, id, body, file);
    if (outcome === 'done') return;
    if (outcome === 'refused') throw await notOurs(exchange, resource);
  }
  if ((await exchange.create(kind, id, body, file)) === 'done') return;
  // 403: it exists by now, or we may not. Only a look can tell (reference/exchange-mms.md §A.4).
  const found = await exchange.get(kind, id);
  if (found === undefined) throw await notOurs(exchange, resource);
  if (fieldChanges(AS_SENT[kind](found), AS_SENT[kind](body)).length === 0) return;
  const outcome = await exchange.replace(kind, id, body, file);
  if (outcome === 'refused') throw await notOurs(exchange, resource);
  if (outcome === 'missing') throw contended(resource);
}

export async function writeServicePolicy(exchange: Exchange, { id, body, file }: BodyResource): Promise<void> {
  const outcome = await exchange.putServicePolicy(id, body, file);
  if (outcome !== 'done') throw await notOurs(exchange, { kind: 'service', id, file });
}

export async function writeKey(exchange: Exchange, { kind, owner, keyName, pem, file }: KeyResource): Promise<void> {
  const of = kind === 'service-key' ? 'service' : 'pattern';
  const outcome = await exchange.putKey(of, owner, keyName, pem, file);
  if (outcome !== 'done') throw await notOurs(exchange, { kind: of, id: owner, file });
}

type Owned = Pick<ListedResource, 'kind' | 'id' | 'file'>;

/** Why a write was refused, as far as one can see: the owner, where the user may read it. */
export async function notOurs(exchange: Exchange, { kind, id, file }: Owned): Promise<ArmorError> {
  const { user, org } = exchange.party;
  const found = await exchange.get(kind, id).catch(() => undefined);
  const what = kind === 'deployment-policy' ? 'deployment policy' : kind;
  if (found === undefined)
    return new ArmorError(
      'HUB_DENIED',
      `${user} may not create the ${what} ${org}/${id}: the right is missing, or another user has a private one of that name`,
      { file },
      'Publish as the user who has it or as an admin of the org, or choose another name.',
    );
  const owner = typeof found.owner === 'string' ? found.owner : 'another user';
  return new ArmorError(
    'HUB_DENIED',
    `the ${what} ${org}/${id} belongs to ${owner}, and ${user} may not change it`,
    { file },
    `Publish as ${owner} or as an admin of the org, or choose another name.`,
  );
}

function refuseTooLarge(body: Body, { kind, id, file }: Owned): void {
  const bytes = Buffer.byteLength(JSON.stringify(body));
  if (bytes <= LARGEST_BODY) return;
  throw new ArmorError(
    'SOURCE_INVALID',
    `the ${kind} ${id} has ${bytes} bytes, and the Exchange takes ${LARGEST_BODY}`,
    { file },
    'Make it smaller.',
  );
}

function contended({ kind, id, file }: Owned): ArmorError {
  return new ArmorError(
    'HUB_CONFLICT',
    `the ${kind} ${id} is created and deleted by another publisher at this moment`,
    { file },
    'Agree on one publisher, and run the command again.',
  );
}
