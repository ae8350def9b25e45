/** The other bodies of the sync service's API. */
import { int, list, ROOT, struct, text } from './go-decode.ts';
import { parseGoJson } from './go-json-text.ts';

/** `PUT …/destinations`: names as `type:id`. @throws GoJsonError */
export function decodeDestinations(body: string): readonly string[] {
  return list('string', text)(parseGoJson(body), ROOT) ?? [];
}

/** `POST …/destinations`. */
export interface DestinationsChange {
  readonly action: string;
  readonly destinations: readonly string[] | null;
}

/** @throws GoJsonError */
export function decodeDestinationsChange(body: string): DestinationsChange {
  return struct<DestinationsChange>(
    'bulkDestUpdate',
    'base.bulkDestUpdate',
    { action: text, destinations: list('string', text) },
    { action: '', destinations: null },
  )(parseGoJson(body), ROOT);
}

/** `PUT …/{type}`: a URL that is to be called for new objects of the type. */
export interface WebhookChange {
  readonly action: string;
  readonly url: string;
}

/** @throws GoJsonError */
export function decodeWebhookChange(body: string): WebhookChange {
  return struct<WebhookChange>(
    'webhookUpdate',
    'base.webhookUpdate',
    { action: text, url: text },
    { action: '', url: '' },
  )(parseGoJson(body), ROOT);
}

/** What a node says about an object that it could not take. */
export interface Feedback {
  readonly code: number;
  readonly retryInterval: number;
  readonly reason: string;
}

/** @throws GoJsonError */
export function decodeFeedback(body: string): Feedback {
  return struct<Feedback>(
    'feedbackMessage',
    'communications.feedbackMessage',
    { code: int, retryInterval: int, reason: text },
    { code: 0, retryInterval: 0, reason: '' },
  )(parseGoJson(body), ROOT);
}
