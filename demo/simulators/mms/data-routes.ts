/** `…/{id}/data`: bytes in and out, whole or in parts. */
import type { HttpAnswer, HttpRequest } from '../http.ts';
import { mayWrite } from './access.ts';
import * as answer from './answers.ts';
import type { ApiContext } from './api-context.ts';
import type { ObjectKey } from './stored-object.ts';
import type { ChunkRange } from './sync-service.ts';

/** A range of bytes, both ends included; `whole`: none asked for; `problem`: one that cannot be read. */
type Asked =
  | { readonly kind: 'whole' }
  | { readonly kind: 'part'; readonly start: number; readonly end: number }
  | { readonly kind: 'problem'; readonly message: string };

export async function getData(
  { service }: ApiContext,
  request: HttpRequest,
  key: ObjectKey,
  all: boolean,
): Promise<HttpAnswer> {
  const object = service.store.get(key);
  if (!all && !object?.meta.public) return answer.plain(403, 'Unauthorized. The object may not exist or be public.');
  const data = service.data(key);
  const asked = rangeOf(request.headers.range);
  if (asked.kind === 'part') return part(data, asked.start, asked.end, object?.meta.objectSize ?? 0);
  if (asked.kind === 'whole') return data === undefined ? answer.notFound : answer.octets(200, data);
  // The sync service goes on after refusing: the data follows the refusal in one body.
  const refusal = answer.plain(400, asked.message);
  return { ...refusal, body: Buffer.concat([Buffer.from(refusal.body ?? ''), data ?? Buffer.alloc(0)]) };
}

/** As many bytes as were asked for are sent, zeros where the data has ended; as much as the whole, and it is a 200. */
function part(data: Buffer | undefined, start: number, end: number, size: number): HttpAnswer {
  if (data === undefined) return answer.notFound;
  const length = end - start + 1;
  const bytes = Buffer.alloc(length);
  bytes.set(data.subarray(start, end + 1));
  if (length >= size) return answer.octets(200, bytes);
  const last = end + 1 >= data.length ? size - 1 : end;
  return answer.octets(206, bytes, { 'content-range': `bytes ${start}-${last}/${size}` });
}

/** @internal shared with the service-to-service protocol, which takes the same header */
export function rangeOf(header: string | undefined): Asked {
  if (header === undefined || header === '') return { kind: 'whole' };
  const ends = header.slice('bytes='.length).split('-');
  if (ends.length !== 2) return { kind: 'problem', message: `Failed to parse Range header: ${header}` };
  const [start, end] = ends;
  for (const [name, text = ''] of [
    ['begin', start],
    ['end', end],
  ] as const) {
    if (!isInteger(text)) {
      return { kind: 'problem', message: `Failed to get ${name} offset from Range header: ${notANumber(text)}` };
    }
  }
  if (Number(start) > Number(end)) {
    return { kind: 'problem', message: 'Begin offset cannot be greater than end offset' };
  }
  return { kind: 'part', start: Number(start), end: Number(end) };
}

export async function putData(context: ApiContext, request: HttpRequest, key: ObjectKey): Promise<HttpAnswer> {
  const { service } = context;
  const object = service.store.get(key);
  if (object === undefined) return answer.notFound;
  const identity = await context.authenticate(request);
  if (!mayWrite(identity, key.org, object.meta.objectType, service.side)) return answer.forbidden;
  const chunk = contentRangeOf(request.headers['content-range']);
  if (typeof chunk === 'string') return answer.plain(400, `Failed to parse Content-Range header, Error: ${chunk}`);
  return answer.refusing('', () => {
    if (chunk === undefined) return service.putData(key, request.body) ? answer.noContent : answer.notFound;
    if (!service.putChunk(key, request.body, chunk)) return answer.notFound;
    return { ...answer.noContent, headers: { ...answer.noContent.headers, 'mms-upload-owner': 'css-simulator' } };
  });
}

/** The range of an uploaded chunk; text is what is wrong with it. */
export function contentRangeOf(header: string | string[] | undefined): ChunkRange | string | undefined {
  if (header === undefined || header === '') return undefined;
  const given = String(header);
  const halves = given.replaceAll('bytes ', '').split('/');
  if (halves.length !== 2) return `Failed to parse Content-Range header: ${given}`;
  const [range = '', total = ''] = halves;
  if (!isInteger(total)) return `Failed to get total size from Content-Range header: ${notANumber(total)}`;
  const ends = range.split('-');
  if (ends.length !== 2) return `Failed to get offsets from Content-Range header: ${given}`;
  const [start = '', end = ''] = ends;
  if (!isInteger(start)) return `Failed to get start offset from Content-Range header: ${notANumber(start)}`;
  if (!isInteger(end)) return `Failed to get end offset from Content-Range header: ${notANumber(end)}`;
  if (Number(start) > Number(end)) return 'Begin offset cannot be greater than end offset';
  return { start: Number(start), end: Number(end), total: Number(total) };
}

const isInteger = (text: string): boolean => /^[+-]?\d{1,18}$/.test(text);

const notANumber = (text: string): string => `strconv.ParseInt: parsing ${JSON.stringify(text)}: invalid syntax`;
