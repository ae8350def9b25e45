import type { Answer } from './answer.ts';
import type { UserInput } from './bodies.ts';
import { type Call, idOf } from './call.ts';
import { isNode, isSuperUser } from './identity.ts';
import { nodePatch } from './node-body.ts';
import { UnnamedService, unknownPattern, unknownServices } from './node-references.ts';
import type { NodeRecord } from './records.ts';

/** The attributes of a node that PATCH changes: exactly one at a time. */
const PATCHABLE = [
  ...([
    'arch',
    'clusterNamespace',
    'isNamespaceScoped',
    'heartbeatIntervals',
    'msgEndPoint',
    'name',
    'nodeType',
  ] as const),
  ...(['pattern', 'publicKey', 'registeredServices', 'softwareVersions', 'token', 'userInput'] as const),
] as const;

/** Most of what is wrong here is answered with "bad input" and no more. */
export function patchNode(call: Call): Answer {
  const id = idOf(call, 'node');
  call.authorize(call.target('node', id), 'WRITE');
  const body = call.body(nodePatch);
  const given = PATCHABLE.filter((name) => body[name] !== null);
  const [name] = given;
  if (name === undefined || given.length !== 1) throw call.refusal(400, 'invalid-input', 'bad.input');
  if (body.token === '') call.demand(['token.cannot.be.empty.string']);
  const { store, clock, logins } = call.hub;
  const node = store.nodes.get(id);
  const refuse = (cause: string): Error =>
    call.refusal(400, 'invalid-input', 'node.not.inserted.or.updated', id, cause);
  const badInput = (): Error => refuse(call.text('bad.input'));

  if ((body.pattern ?? '') !== '' && unknownPattern(call, body.pattern ?? '', node, 'PATCH')) throw badInput();
  if (name === 'publicKey') demandKeyChange(call, body.publicKey ?? '', node, badInput);
  if (name === 'token' && node?.publicKey !== '') throw refuse(call.text('node.public.key.not.token', id));
  if (name === 'userInput' && isAnyUnknown(call, body.userInput ?? [])) throw badInput();
  if (name === 'isNamespaceScoped' && typeof body.isNamespaceScoped !== 'boolean') throw refuse('ClassCastException');
  if (node === undefined) throw call.refusal(404, 'not-found', 'not.found');

  Object.assign(node, { [name]: body[name], lastUpdated: clock.instant() });
  if (name === 'token') logins.delete(id);
  call.logChange({
    orgId: call.param('org'),
    id: call.param('node'),
    category: 'node',
    resource: 'node',
    operation: 'modified',
  });
  return call.done('node.attribute.updated', name, id);
}

/** The public key is the node's own affair, and is set once. */
function demandKeyChange(call: Call, key: string, node: NodeRecord | undefined, badInput: () => Error): void {
  if (!isNode(call.identity) && !isSuperUser(call.identity)) throw call.refusal(403, 'access-denied', 'access.denied');
  if (key !== '' && node?.publicKey !== '') throw badInput();
}

function isAnyUnknown(call: Call, inputs: readonly UserInput[]): boolean {
  try {
    return unknownServices(call, inputs) !== undefined;
  } catch (failure) {
    if (failure instanceof UnnamedService) return true;
    throw failure;
  }
}
