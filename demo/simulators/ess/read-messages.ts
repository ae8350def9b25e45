import { decodeMetaData } from '../mms/decode-update.ts';
import { type GoValue, parseGoJson } from '../mms/go-json-text.ts';
import type { MetaData } from '../mms/meta-data.ts';

/** Something that the cloud side has for a node: an object's metadata, and what happened to it. */
export interface Message {
  readonly type: string;
  readonly meta: MetaData;
}

/** @param body what the cloud side answered to a poll */
export function readMessages(body: string): Message[] {
  const payload = parseGoJson(body);
  if (!Array.isArray(payload)) return [];
  return payload.flatMap((message: GoValue) => {
    if (!(message instanceof Map)) return [];
    const type: GoValue = message.get('Type') ?? null;
    return typeof type === 'string' ? [{ type, meta: decodeMetaData(message.get('MetaData') ?? null) }] : [];
  });
}
