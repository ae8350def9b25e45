/** A node's side of the sync service as one object: store, logins, and its link to the cloud side. */
import type { HttpRequest } from '../http.ts';
import { credentialsOf, type Identity } from '../mms/access.ts';
import type { ApiContext, Placement } from '../mms/api-context.ts';
import { LoginCache } from '../mms/login-cache.ts';
import { ObjectStore } from '../mms/object-store.ts';
import { SPI } from '../mms/spi-path.ts';
import type { Destination, ObjectKey } from '../mms/stored-object.ts';
import { invalidRequest } from '../mms/sync-error.ts';
import { SyncService } from '../mms/sync-service.ts';
import { Webhooks } from '../mms/webhooks.ts';
import type { CredentialStore } from './credentials.ts';
import type { Gate } from './gate.ts';
import { type Link, LinkDown } from './link.ts';
import { Receiver } from './receiver.ts';
import { Sender } from './sender.ts';

const refusePlacement = (): never => {
  throw invalidRequest("ESS doesn't support destinations update");
};

export interface EdgeParts {
  readonly node: Destination;
  readonly link: Link;
  readonly credentials: CredentialStore;
  readonly gate: Gate;
  readonly now: () => number;
}

export class Edge implements ApiContext {
  readonly webhooks = new Webhooks();
  readonly placement: Placement = { replace: refusePlacement, add: refusePlacement, remove: refusePlacement };
  readonly startedAt = performance.now();
  readonly store = new ObjectStore(() => ({ deliveries: [], removed: [] }));
  readonly service: SyncService;
  readonly sender: Sender;
  readonly #receiver: Receiver;
  readonly #node: Destination;
  readonly #link: Link;
  readonly #credentials: CredentialStore;
  readonly #logins: LoginCache;
  #registered = false;
  #syncing: Promise<unknown> = Promise.resolve();
  #stalled: readonly ObjectKey[] = [];

  constructor({ node, link, credentials, gate, now }: EdgeParts) {
    this.#node = node;
    this.#link = link;
    this.#credentials = credentials;
    this.#receiver = new Receiver(this.store, link, this.webhooks, gate);
    this.sender = new Sender(this.store, link, node, this.#receiver);
    const origin = { type: node.type, id: node.id };
    this.service = new SyncService(this.store, { kind: 'ESS', org: node.org, origin }, this.sender);
    this.#logins = new LoginCache(async ({ id, secret }) => this.#identify(id, secret), now);
  }

  /** Objects that cannot be taken because of their names (§0): the real ESS tries them without end. */
  get stalled(): readonly ObjectKey[] {
    return this.#stalled;
  }

  async authenticate(request: HttpRequest): Promise<Identity | undefined> {
    const credentials = credentialsOf(request.headers.authorization);
    return credentials && this.#logins.identify(credentials);
  }

  /** A credential with a version is a policy node's: its service sees what names it. Without one it sees everything. */
  async #identify(id: string, token: string): Promise<Identity | undefined> {
    const credential = await this.#credentials.find(id, token);
    if (credential === undefined) return undefined;
    const { org } = this.#node;
    const [serviceOrg = '', name = ''] = id.split('/');
    const { version } = credential;
    return version === ''
      ? { role: 'admin', org, id }
      : { role: 'service', org, id: `${serviceOrg}/${version}/${name}`, service: { org: serviceOrg, version, name } };
  }

  /**
   * Registers if need be, and takes all that is waiting.
   *
   * @returns whether the cloud side could be reached
   */
  async sync(): Promise<boolean> {
    const run = this.#syncing.then(async () => {
      try {
        await this.#syncOnce();
        return true;
      } catch (error) {
        if (error instanceof LinkDown) return false;
        throw error;
      }
    });
    this.#syncing = run.catch(() => undefined);
    return run;
  }

  async #syncOnce(): Promise<void> {
    if (!this.#registered) await this.#register('register');
    for (;;) {
      const { messages, stalled, unknown } = await this.#receiver.poll();
      if (unknown) await this.#register('register');
      this.#stalled = stalled;
      // The real ESS asks again at once for as long as anything comes, even if it is only what it cannot take.
      if (messages === stalled.length && !unknown) return;
    }
  }

  async #register(call: 'register' | 'register-new'): Promise<void> {
    const { org, type, id } = this.#node;
    const names = [org, type, id].map(encodeURIComponent).join('/');
    const { status } = await this.#link.try({ method: 'PUT', path: `${SPI}${call}/${names}?persistent-storage=true` });
    if (status === 204) {
      this.#registered = true;
      return;
    }
    if (status !== 404 || call !== 'register') throw new LinkDown(`${call} was answered with ${status}`);
    this.#receiver.forget();
    await this.#register('register-new');
  }

  /** The node is unregistered: the cloud side forgets it. */
  async unregister(): Promise<void> {
    const { org, type, id } = this.#node;
    const names = [org, type, id].map(encodeURIComponent).join('/');
    await this.#link.try({ method: 'PUT', path: `${SPI}unregister/${names}` });
    this.#registered = false;
  }

  async resend(): Promise<void> {
    await this.#link.try({ method: 'PUT', path: `${SPI}objects/${encodeURIComponent(this.#node.org)}/resend` });
  }
}
