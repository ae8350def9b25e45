import { httpCall } from '../http-call.ts';
import { writeGoJson } from './go-json-write.ts';
import { type MetaData, printable } from './meta-data.ts';
import { invalidRequest } from './sync-error.ts';

/** URLs that are called when an object of a type has arrived. All organisations share them, as in a bolt store. */
export class Webhooks {
  readonly #urls = new Map<string, Set<string>>();

  /** @throws SyncError (400) */
  register(type: string, url: string): void {
    if (!isWellEscaped(url)) throw invalidRequest('Invalid webhook');
    if (!/^https?:/i.test(url)) throw invalidRequest('Invalid destination data URI');
    const urls = this.#urls.get(type) ?? new Set();
    this.#urls.set(type, urls.add(url));
  }

  delete(type: string, url: string): void {
    this.#urls.get(type)?.delete(url);
  }

  /** Calls them with the object's metadata; what they answer, and whether they answer, is nobody's concern. */
  async call(meta: MetaData): Promise<void> {
    const call = {
      method: 'POST',
      headers: { 'content-type': 'Application/JSON' },
      body: writeGoJson(printable(meta)),
    };
    const calls = [...(this.#urls.get(meta.objectType) ?? [])].map((url) => httpCall({ url, ...call }));
    await Promise.allSettled(calls);
  }
}

const isWellEscaped = (url: string): boolean => !/%(?![0-9a-fA-F]{2})/.test(url);
