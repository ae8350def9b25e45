/** A node's connection to the cloud side. It can be taken away and given back. */
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { type HttpReply, httpCall } from '../http-call.ts';
import { IDENTITY_HEADER } from '../mms/spi-path.ts';
import type { Destination } from '../mms/stored-object.ts';

export interface LinkOptions {
  /** CSS base URL. */
  readonly cssUrl: string;
  readonly node: Destination;
  readonly token: string;
  /** CA certificates (PEM) of the CSS. */
  readonly ca?: string | undefined;
  /** Between tries of what must get through; the real ESS waits 2000. */
  readonly retryMs: number;
}

export interface LinkCall {
  readonly method: 'GET' | 'PUT';
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
}

/** The cloud side cannot be reached. */
export class LinkDown extends Error {}

export class Link {
  readonly #options: LinkOptions;
  readonly #closing = new AbortController();
  readonly #changes = new EventTarget();
  #up = true;

  constructor(options: LinkOptions) {
    this.#options = options;
  }

  get isUp(): boolean {
    return this.#up;
  }

  pause(): void {
    this.#up = false;
  }

  resume(): void {
    this.#up = true;
    this.#changes.dispatchEvent(new Event('up'));
  }

  close(): void {
    this.#closing.abort();
  }

  /** One try. @throws LinkDown */
  async try(call: LinkCall): Promise<HttpReply> {
    if (!this.#up || this.#closing.signal.aborted) throw new LinkDown('the link is down');
    const { cssUrl, node, token, ca } = this.#options;
    const identity = `${node.org}/${node.type}/${node.id}`;
    try {
      const reply = await httpCall({
        ...call,
        url: `${cssUrl}${call.path}`,
        auth: `${identity}:${token}`,
        headers: { ...call.headers, [IDENTITY_HEADER]: identity },
        ca,
      });
      if ([502, 503, 504].includes(reply.status)) throw new LinkDown(`answered with ${reply.status}`);
      return reply;
    } catch (error) {
      if (error instanceof LinkDown) throw error;
      throw new LinkDown(error instanceof Error ? error.message : String(error), { cause: error });
    }
  }

  /** Tries until it gets through: as long as the link is down, the caller waits. @throws LinkDown when it is closed */
  async insist(call: LinkCall): Promise<HttpReply> {
    for (;;) {
      await this.#untilUp();
      try {
        return await this.try(call);
      } catch (error) {
        if (!(error instanceof LinkDown) || this.#closing.signal.aborted) throw error;
        await delay(this.#options.retryMs, undefined, { signal: this.#closing.signal }).catch(() => undefined);
      }
    }
  }

  async #untilUp(): Promise<void> {
    while (!this.#up) {
      if (this.#closing.signal.aborted) throw new LinkDown('the link is closed');
      await once(this.#changes, 'up', { signal: this.#closing.signal }).catch(() => undefined);
    }
  }
}
