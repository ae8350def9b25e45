/** Just enough of ASN.1's distinguished encoding to write a certificate. */
type Bytes = Uint8Array;

function tagged(tag: number, content: Bytes): Buffer {
  const { length } = content;
  if (length < 0x80) return Buffer.concat([Buffer.from([tag, length]), content]);
  const size = Buffer.from(length.toString(16).padStart(length > 0xff ? 4 : 2, '0'), 'hex');
  return Buffer.concat([Buffer.from([tag, 0x80 | size.length]), size, content]);
}

export const sequence = (...parts: Bytes[]): Buffer => tagged(0x30, Buffer.concat(parts));
export const set = (...parts: Bytes[]): Buffer => tagged(0x31, Buffer.concat(parts));
export const octetString = (content: Bytes): Buffer => tagged(0x04, content);
export const utf8String = (text: string): Buffer => tagged(0x0c, Buffer.from(text));
export const boolean = (value: boolean): Buffer => tagged(0x01, Buffer.from([value ? 0xff : 0]));
/** A bit string; `unused` bits at its end do not count. */
export const bitString = (content: Bytes, unused = 0): Buffer =>
  tagged(0x03, Buffer.concat([Buffer.from([unused]), content]));
/** `[n]` around another element. */
export const explicit = (n: number, content: Bytes): Buffer => tagged(0xa0 | n, content);
/** `[n]` in place of the element's own tag. */
export const implicit = (n: number, content: Bytes): Buffer => tagged(0x80 | n, content);

/** A positive integer from its big-endian bytes. */
export function integer(bytes: Bytes): Buffer {
  return tagged(0x02, (bytes[0] ?? 0) >= 0x80 ? Buffer.concat([Buffer.from([0]), bytes]) : bytes);
}

/** An object identifier such as `2.5.4.3`. */
export function oid(dotted: string): Buffer {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number);
  return tagged(0x06, Buffer.from([first * 40 + second, ...rest.flatMap(base128)]));
}

function base128(value: number): number[] {
  const bytes = [value & 0x7f];
  for (let left = value >> 7; left > 0; left >>= 7) bytes.unshift((left & 0x7f) | 0x80);
  return bytes;
}

/** A moment between 2000 and 2049, to the second. */
export function utcTime(moment: Date): Buffer {
  const digits = moment.toISOString().replace(/\D/g, '').slice(2, 14);
  return tagged(0x17, Buffer.from(`${digits}Z`));
}
