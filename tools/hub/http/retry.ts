/** What is worth asking again, and when (design §6). */

/** How long to wait before each further attempt, in milliseconds. Its length is the number of retries. */
export type BackOff = readonly number[];

/** About four seconds in all: a restarting proxy is waited for, a hub that is down is reported soon. */
export const DEFAULT_BACK_OFF: BackOff = [100, 300, 900, 2700];

/** Answers of a hub, or of a proxy before it, that cannot serve just now. */
export const TRANSIENT_STATUSES: ReadonlySet<number> = new Set([502, 503, 504]);

/** Failures of a connection that another attempt may not meet. A name that does not exist, or a certificate, will not change. */
const TRANSIENT_CODES: ReadonlySet<string> = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ECONNABORTED',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'EAI_AGAIN',
]);

export function isTransient(error: unknown): boolean {
  return TRANSIENT_CODES.has(errorCode(error));
}

/** Node's code of an error; of the first one inside where several addresses were tried. */
export function errorCode(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) return errorCode(error.errors[0]);
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return typeof code === 'string' ? code : '';
}

/** Spread over 50 to 100 % of the step, so that publishers that failed together do not come back together. */
export function delayOf(step: number, random: number): number {
  return step * (0.5 + random / 2);
}
