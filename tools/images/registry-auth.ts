import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ArmorError } from '#errors';
import type { RegistryAuth } from './docker-engine.ts';

const DOCKER_HUB = 'https://index.docker.io/v1/';

/** Credentials by registry, as `docker login` left them in config.json. Nothing of them is ever printed. */
export type RegistryLogins = ReadonlyMap<string, RegistryAuth>;

/**
 * Reads `docker login`'s file: DOCKER_CONFIG, else ~/.docker. No file, no logins; credential helpers are not asked.
 *
 * @throws ArmorError SETTING_MISSING when the file is not what docker writes
 */
export async function readRegistryLogins(env: Readonly<Record<string, string | undefined>>): Promise<RegistryLogins> {
  const file = join(env.DOCKER_CONFIG ?? join(env.HOME ?? '', '.docker'), 'config.json');
  const text = await readFile(file, 'utf8').catch(() => '{}');
  const config = parse(text, file);
  const auths = isRecord(config) && isRecord(config.auths) ? config.auths : {};
  return new Map(Object.entries(auths).flatMap(([server, entry]) => loginOf(server, entry)));
}

/** The login for an image's registry. */
export function authFor(image: string, logins: RegistryLogins): RegistryAuth | undefined {
  const registry = registryOf(image);
  return logins.get(registry) ?? logins.get(`https://${registry}`);
}

/** The registry in an image's name: a first part with a dot or a port, or localhost; Docker Hub otherwise. */
function registryOf(image: string): string {
  const [first, ...rest] = image.split('/');
  if (first === undefined || rest.length === 0) return DOCKER_HUB;
  return first.includes('.') || first.includes(':') || first === 'localhost' ? first : DOCKER_HUB;
}

function loginOf(server: string, entry: unknown): [string, RegistryAuth][] {
  if (!isRecord(entry) || typeof entry.auth !== 'string' || entry.auth === '') return [];
  const decoded = Buffer.from(entry.auth, 'base64').toString('utf8');
  const colon = decoded.indexOf(':');
  if (colon < 0) return [];
  return [[server, { username: decoded.slice(0, colon), password: decoded.slice(colon + 1), serveraddress: server }]];
}

function parse(text: string, file: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new ArmorError('SETTING_MISSING', 'not JSON', { file }, 'Mend it, or remove it and run docker login again.');
  }
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
