/** How a node sends up what its services publish (reference/exchange-mms.md §0, "A service container can publish upwards"). */
import type { MetaData } from '../mms/meta-data.ts';
import { isDeliverableName } from '../mms/names.ts';
import type { ObjectStore } from '../mms/object-store.ts';
import { spiPath } from '../mms/spi-path.ts';
import { type Destination, keyOf, type StoredObject } from '../mms/stored-object.ts';
import { CHUNK_SIZE, type Outbox } from '../mms/sync-service.ts';
import { type Link, LinkDown } from './link.ts';
import { metaBody, type Receiver, versionOf } from './receiver.ts';

export class Sender implements Outbox {
  readonly #store: ObjectStore;
  readonly #link: Link;
  readonly #node: Destination;
  readonly #receiver: Receiver;
  #queue: Promise<void> = Promise.resolve();
  /** What the cloud side would not take, with its answer. */
  readonly refused: string[] = [];

  constructor(store: ObjectStore, link: Link, node: Destination, receiver: Receiver) {
    this.#store = store;
    this.#link = link;
    this.#node = node;
    this.#receiver = receiver;
  }

  superseded(): void {
    // Nothing is recorded about versions to be sent: the queue holds them.
  }

  withdrawn(): void {
    // An object of this side goes to the cloud side, and nowhere else.
  }

  updated(object: StoredObject): void {
    this.#enqueue(() => this.#send(object.meta));
  }

  deleted(object: StoredObject): void {
    this.#enqueue(async () => {
      const key = keyOf(object.meta);
      if (await this.#tell(object.meta, 'delete')) this.#store.remove(key);
    });
  }

  /** Waits for the cloud side: while it cannot be reached, so does the service that acknowledged. */
  async acknowledge(object: StoredObject, what: 'consumed' | 'deleted'): Promise<void> {
    const { meta } = object;
    const { status } = await this.#link.insist({
      method: 'PUT',
      path: spiPath(versionOf(meta), what),
      ...(what === 'deleted' ? { body: metaBody(this.#addressed(meta)) } : {}),
    });
    if (status !== 204 && status !== 409) return;
    this.#store.remove(keyOf(meta));
    this.#receiver.forgetObject(keyOf(meta));
  }

  /** Resolves when all that was to be sent has been, or has been refused. */
  async idle(): Promise<void> {
    await this.#queue;
  }

  /** One after another, each as long as it takes. */
  #enqueue(send: () => Promise<void>): void {
    this.#queue = this.#queue.then(send).catch((error: unknown) => {
      if (!(error instanceof LinkDown)) throw error;
    });
  }

  async #send(meta: MetaData): Promise<void> {
    if (!(await this.#tell(meta, 'update'))) return;
    if (meta.link === '' && !meta.noData && !meta.metaOnly) await this.#sendData(meta);
  }

  async #sendData(meta: MetaData): Promise<void> {
    const data = this.#store.data(keyOf(meta)) ?? Buffer.alloc(0);
    const path = spiPath(versionOf(meta), 'data');
    if (data.length <= CHUNK_SIZE) {
      await this.#link.insist({ method: 'PUT', path, body: data });
      return;
    }
    for (let start = 0; start < data.length; start += CHUNK_SIZE) {
      const body = data.subarray(start, start + CHUNK_SIZE);
      const headers = { 'content-range': `bytes ${start}-${start + body.length - 1}/${data.length}` };
      await this.#link.insist({ method: 'PUT', path, headers, body });
    }
  }

  /** @returns whether the cloud side took it; a version that it has already is none to go on with */
  async #tell(meta: MetaData, topic: 'update' | 'delete'): Promise<boolean> {
    const names = [meta.destinationOrgID, meta.objectType, meta.objectID];
    if (!names.every(isDeliverableName)) {
      this.refused.push(`${topic} ${meta.objectID}: Invalid characters in parameter`);
      return false;
    }
    const { status, body } = await this.#link.insist({
      method: 'PUT',
      path: spiPath(versionOf(meta), topic),
      body: metaBody(this.#addressed(meta)),
    });
    if (status === 204) return true;
    this.refused.push(`${topic} ${meta.objectID}: ${status} ${body.toString().trim()}`);
    return false;
  }

  #addressed(meta: MetaData): MetaData {
    return { ...meta, destinationType: this.#node.type, destinationID: this.#node.id };
  }
}
