import { randomBytes, timingSafeEqual } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { writeAtomically } from '#agent/sources/store.ts';

/** The API's bearer token: made at the first start, in a file only the agent's user can read. */
export async function loadToken(file: string): Promise<string> {
  const kept = await readFile(file, 'utf8').catch(() => '');
  if (/^[\w-]{43}\n$/.test(kept)) return kept.trim();
  const token = randomBytes(32).toString('base64url');
  await writeAtomically(file, `${token}\n`, 0o600);
  return token;
}

/** Whether an Authorization header carries the token; takes the same time whatever differs. */
export function isAuthorised(header: string | undefined, token: string): boolean {
  const given = Buffer.from(header?.replace(/^Bearer /i, '') ?? '');
  const wanted = Buffer.from(token);
  return given.length === wanted.length && timingSafeEqual(given, wanted);
}
