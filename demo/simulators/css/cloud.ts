/** The cloud side as one object: store, nodes, and what is between them. */
import type { HttpRequest } from '../http.ts';
import { credentialsOf, type Identity } from '../mms/access.ts';
import type { ApiContext } from '../mms/api-context.ts';
import type { LoginCache } from '../mms/login-cache.ts';
import { ObjectStore } from '../mms/object-store.ts';
import { parseRfc3339 } from '../mms/rfc3339.ts';
import { type Destination, isOwn, keyOf, type StoredObject, sameDestination } from '../mms/stored-object.ts';
import { invalidRequest } from '../mms/sync-error.ts';
import { SyncService } from '../mms/sync-service.ts';
import type { Side } from '../mms/validate-update.ts';
import { Webhooks } from '../mms/webhooks.ts';
import { Arrivals } from './arrivals.ts';
import { Deliveries } from './deliveries.ts';
import { Notifications } from './notifications.ts';
import { CssOutbox } from './outbox.ts';
import { deliveriesOf, placementOf } from './placement.ts';
import { Registry } from './registry.ts';
import type { WorkQueue } from './work-queue.ts';

const SIDE: Side = { kind: 'CSS', origin: { type: 'Cloud', id: 'Cloud' } };

export class Cloud implements ApiContext {
  readonly registry = new Registry();
  readonly notifications = new Notifications();
  readonly webhooks = new Webhooks();
  readonly store: ObjectStore = new ObjectStore((meta, current) => deliveriesOf(this.registry, meta, current));
  readonly startedAt = performance.now();
  readonly service: SyncService;
  readonly placement: ApiContext['placement'];
  readonly deliveries: Deliveries;
  readonly arrivals: Arrivals;
  readonly #outbox: CssOutbox;
  readonly #logins: LoginCache;

  constructor(logins: LoginCache, queue: WorkQueue) {
    this.#logins = logins;
    this.#outbox = new CssOutbox(this.store, this.notifications, queue);
    this.service = new SyncService(this.store, SIDE, this.#outbox);
    this.placement = placementOf(this.store, this.registry, this.#outbox);
    this.deliveries = new Deliveries(this.store, this.notifications);
    this.arrivals = new Arrivals(this.store, this.notifications, this.webhooks);
  }

  async authenticate(request: HttpRequest): Promise<Identity | undefined> {
    const credentials = credentialsOf(request.headers.authorization);
    return credentials && this.#logins.identify(credentials);
  }

  /** A node asks for everything again; the cloud does not. */
  async resend(): Promise<void> {
    throw invalidRequest("CSS can't request to resend objects");
  }

  /** The node wants all that goes to it again. */
  sendAgain(node: Destination): void {
    for (const object of this.#addressedTo(node)) this.#send(object, node);
  }

  /** A node registers as a new one: objects without a policy that go to nodes like it are placed there. */
  welcome(node: Destination): void {
    this.registry.add(node);
    for (const object of this.#addressedTo(node)) {
      const delivery = object.deliveries.find(({ destination }) => sameDestination(destination, node));
      if (delivery?.status !== 'delivered' && delivery?.status !== 'consumed') this.#send(object, node);
    }
  }

  /** The node has unregistered: no object goes to it any more. */
  forget(node: Destination): void {
    for (const object of this.store.all()) {
      const deliveries = object.deliveries.filter(({ destination }) => !sameDestination(destination, node));
      this.store.change(keyOf(object.meta), (stored) => ({ ...stored, deliveries }));
    }
    this.notifications.deleteNode(node);
    this.registry.remove(node);
  }

  #addressedTo(node: Destination): StoredObject[] {
    return this.store.all().filter(({ meta, status }) => {
      if (meta.destinationPolicy !== null || meta.destinationOrgID !== node.org || status === 'objdeleted')
        return false;
      const list = meta.destinationsList ?? [];
      if (list.includes(`${node.type}:${node.id}`)) return true;
      const typeFits = (meta.destinationType === '' && list.length === 0) || meta.destinationType === node.type;
      return typeFits && (meta.destinationID === '' || meta.destinationID === node.id);
    });
  }

  #send(object: StoredObject, node: Destination): void {
    const sendable = object.status === 'ready' && !object.meta.inactive;
    const others = object.deliveries.filter(({ destination }) => !sameDestination(destination, node));
    const status = sendable ? 'delivering' : 'pending';
    this.store.change(keyOf(object.meta), (stored) => ({
      ...stored,
      deliveries: [...others, { destination: node, status, message: '' }],
    }));
    if (sendable) this.notifications.set(keyOf(object.meta), node, 'updatePending', object.meta);
  }

  /**
   * What the sync service does every half minute: expired objects go, without a word to any node (§C.6); inactive ones
   * whose time has come are activated; failed deliveries are offered again.
   */
  maintain(now: number): void {
    for (const { meta, status } of this.store.all()) {
      if (!isOwn(status)) continue;
      const key = keyOf(meta);
      if (isPast(meta.expiration, now)) {
        this.store.remove(key);
        this.notifications.deleteObject(key);
      } else if (meta.inactive && isPast(meta.activationTime, now)) {
        this.service.activate(key);
      }
    }
    this.notifications.retryFailed();
  }
}

const isPast = (time: string, now: number): boolean => time !== '' && (parseRfc3339(time) ?? Number.NaN) <= now;
