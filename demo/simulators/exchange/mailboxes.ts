import { missingParent } from './answer.ts';
import { int, record, text } from './body-shape.ts';
import { type Call, DELETED, type Handler, idOf } from './call.ts';
import { shiftInstant } from './clock.ts';
import { resourceOf } from './identity.ts';
import type { MessageRecord } from './records.ts';
import type { Route } from './router.ts';
import type { Store } from './store.ts';

/**
 * Messages between agbots and nodes. Only who has a public key may send: an agbot to a node, a node to an agbot. The
 * message itself is opaque here.
 */
interface Mailbox {
  readonly kind: 'node' | 'agbot';
  readonly find: (store: Store, id: string) => { readonly messages: Map<number, MessageRecord> } | undefined;
  /** The public key of whoever may send to this kind. */
  readonly senderKey: (store: Store, id: string) => string | undefined;
  readonly body: typeof toNode;
  readonly view: (message: MessageRecord) => Record<string, unknown>;
}

const FIELDS = { message: text, ttl: int };
const toNode = record('org.openhorizon.exchangeapi.route.node.PostNodesMsgsRequest', FIELDS, { required: ['message'] });
const toAgbot = record('org.openhorizon.exchangeapi.route.agreementbot.PostAgbotsMsgsRequest', FIELDS, {
  required: ['message'],
});

const NODE_MAILBOX: Mailbox = {
  kind: 'node',
  find: (store, id) => store.nodes.get(id),
  senderKey: (store, id) => store.agbots.get(id)?.publicKey,
  body: toNode,
  view: ({ sender, senderPublicKey, ...message }) => ({ ...message, agbotId: sender, agbotPubKey: senderPublicKey }),
};

const AGBOT_MAILBOX: Mailbox = {
  kind: 'agbot',
  find: (store, id) => store.agbots.get(id),
  senderKey: (store, id) => store.nodes.get(id)?.publicKey,
  body: toAgbot,
  view: ({ sender, senderPublicKey, ...message }) => ({ ...message, nodeId: sender, nodePubKey: senderPublicKey }),
};

export const MAILBOX_ROUTES: readonly Route[] = [NODE_MAILBOX, AGBOT_MAILBOX].flatMap((mailbox) => [
  {
    paths: [`/orgs/:org/${mailbox.kind}s/:${mailbox.kind}/msgs`],
    methods: { GET: listMessages(mailbox), POST: sendMessage(mailbox) },
  },
  {
    paths: [`/orgs/:org/${mailbox.kind}s/:${mailbox.kind}/msgs/:message`],
    methods:
      mailbox.kind === 'agbot'
        ? { GET: getMessage(mailbox), DELETE: deleteMessage(mailbox) }
        : { DELETE: deleteMessage(mailbox), GET: getMessage(mailbox) },
    ...(mailbox.kind === 'agbot' ? { guard: (call: Call) => ({ status: 405, json: messageId(call, mailbox) }) } : {}),
  },
]);

function listMessages(mailbox: Mailbox): Handler {
  return (call) => {
    const id = authorized(call, mailbox, 'READ');
    const limit = call.query('maxmsgs') ?? '';
    const given = call.query('maxmsgs') !== undefined && !(mailbox.kind === 'agbot' && limit === '');
    if (given && !isInt(limit)) call.demand(['invalid.int.for.name', mailbox.kind === 'node' ? limit : 'maxmsgs']);
    const messages = [...(mailbox.find(call.hub.store, id)?.messages.values() ?? [])];
    const chosen = Number(limit) > 0 ? messages.slice(0, Number(limit)) : messages;
    return { status: chosen.length === 0 ? 404 : 200, json: { messages: chosen.map(mailbox.view), lastIndex: 0 } };
  };
}

function getMessage(mailbox: Mailbox): Handler {
  return (call) => {
    const number = mailbox.kind === 'agbot' ? messageId(call, mailbox) : undefined;
    const id = authorized(call, mailbox, 'READ');
    const message = mailbox.find(call.hub.store, id)?.messages.get(number ?? messageId(call, mailbox, 'GET'));
    if (message === undefined) throw call.refusal(404, 'not-found', 'not.found');
    return { status: 200, json: { messages: [mailbox.view(message)], lastIndex: 0 } };
  };
}

/** Expired messages go when the next one arrives; they are given out until then. A failed insert uses up a number. */
function sendMessage(mailbox: Mailbox): Handler {
  return (call) => {
    const id = authorized(call, mailbox, mailbox.kind === 'node' ? 'SEND_MSG_TO_NODE' : 'SEND_MSG_TO_AGBOT');
    const body = call.nullableBody(mailbox.body);
    const { store, clock } = call.hub;
    const timeSent = clock.instant();
    const box = mailbox.find(store, id);
    for (const [number, { timeExpires }] of box?.messages ?? []) {
      if (timeExpires < shiftInstant(timeSent, -500)) box?.messages.delete(number);
    }
    const sender = resourceOf(call.identity);
    const senderPublicKey = mailbox.senderKey(store, sender) ?? '';
    if (senderPublicKey === '') call.demand(['invalid.input.agbot.not.found', sender]);
    if (body === null) {
      const key = mailbox.kind === 'node' ? 'node.msg.not.inserted' : 'agbot.message.not.inserted';
      const cause = `Cannot invoke "${mailbox.body.type}.ttl()" because "reqBody$1" is null`;
      throw call.refusal(500, 'internal_error', key, id, `java.lang.NullPointerException: ${cause}`);
    }
    const { message, ttl } = body;
    const msgId = store.nextMessageId[mailbox.kind];
    store.nextMessageId[mailbox.kind] += 1;
    if (box === undefined) {
      const key = mailbox.kind === 'node' ? 'node.msg.nodeid.not.found' : 'agbot.message.agbotid.not.found';
      const foreignKey = mailbox.kind === 'node' ? 'node_msg_fk_node' : 'agbot_fk';
      const cause = missingParent(`${mailbox.kind}msgs`, foreignKey, `${mailbox.kind}id`, id, `${mailbox.kind}s`);
      throw call.refusal(404, 'not-found', key, id, cause);
    }
    const timeExpires = shiftInstant(timeSent, ttl * 1000);
    box.messages.set(msgId, { msgId, sender, senderPublicKey, message: message ?? '', timeSent, timeExpires });
    call.logChange({
      orgId: call.param('org'),
      id: call.param(mailbox.kind),
      category: mailbox.kind,
      resource: `${mailbox.kind}msgs`,
      operation: 'created',
    });
    return call.done(mailbox.kind === 'node' ? 'node.msg.inserted' : 'agbot.message.inserted', msgId);
  };
}

/** Deleting what is not there is fine. */
function deleteMessage(mailbox: Mailbox): Handler {
  return (call) => {
    const number = mailbox.kind === 'agbot' ? messageId(call, mailbox) : undefined;
    const id = authorized(call, mailbox, 'WRITE');
    mailbox.find(call.hub.store, id)?.messages.delete(number ?? messageId(call, mailbox));
    return DELETED;
  };
}

/** An agbot's message number is checked before the rights, a node's after; a GET for a node trips over a wrong one. */
function messageId(call: Call, mailbox: Mailbox, method?: 'GET'): number {
  const written = call.param('message');
  if (isInt(written)) return Number(written);
  if (mailbox.kind === 'agbot') throw call.refusal(400, 'invalid-input', 'msgid.must.be.int', 'message', written);
  const cause = `For input string: "${written}"`;
  if (method === 'GET') {
    const answer = call.refusal(502, 'database-connection-error', 'bad.input');
    const msg = cause;
    throw Object.assign(answer, {
      answer: { status: 502, json: { code: call.hub.language.code('database-connection-error'), msg } },
    });
  }
  throw call.refusal(400, 'invalid-input', 'msgid.must.be.int', `java.lang.NumberFormatException: ${cause}`);
}

function authorized(call: Call, { kind }: Mailbox, access: string): string {
  const id = idOf(call, kind);
  call.authorize(call.target(kind, id), access);
  return id;
}

function isInt(digits: string): boolean {
  return /^[+-]?\d+$/.test(digits) && Math.abs(Number(digits)) < 2 ** 31;
}
