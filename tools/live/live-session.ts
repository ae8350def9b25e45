import { ArmorError } from '#errors';
import type { Variables } from '#tools/bundle/variables.ts';
import type { CommandContext } from '#tools/command.ts';
import { containersOf } from '#tools/compat/deployment.ts';
import type { Css } from '#tools/hub/css.ts';
import { type Hub, openHub, requireCss, requireHub } from '#tools/hub/open-hub.ts';
import { loadSettings } from '#tools/load-settings.ts';
import { loadSigner } from '#tools/signing/load-signer.ts';
import type { Signer } from '#tools/signing/signer.ts';

/** A hub at work, and who we are there. */
export interface LiveSession {
  readonly hub: Hub;
  readonly css: Css;
  /** Absent where there is no key: reading goes on, and every signature is somebody else's. */
  readonly signer?: Signer;
  /** Our own, and those named with --trust. */
  readonly keyIds: ReadonlySet<string>;
  readonly variables: Variables;
}

/** Opens the hub of the settings for a piece of work, and closes it. */
export async function withLiveSession<T>(
  { env, stderr, signal }: CommandContext,
  trust: readonly string[],
  work: (session: LiveSession) => Promise<T>,
): Promise<T> {
  const settings = await loadSettings({ env });
  const hubSettings = requireHub(settings);
  const signer = await loadSigner(settings).catch((error: unknown) => {
    if (error instanceof ArmorError && error.code === 'KEY_UNUSABLE') return undefined;
    throw error;
  });
  for (const warning of signer?.warnings ?? []) stderr.write(`warning: ${warning}\n`);
  const hub = await openHub(hubSettings, { signal, proxyEnv: env });
  try {
    return await work({
      hub,
      css: requireCss(hub),
      ...(signer && { signer }),
      keyIds: new Set([...(signer === undefined ? [] : [signer.keyId]), ...trust]),
      variables: new Map([...settings.variables].map(([name, { value }]) => [name, value])),
    });
  } finally {
    hub.close();
  }
}

/** @throws ArmorError KEY_UNUSABLE where nothing can be signed */
export function requireSigner({ signer }: LiveSession): Signer {
  if (signer !== undefined) return signer;
  throw new ArmorError(
    'KEY_UNUSABLE',
    'a live policy is signed, and there is no signing key',
    { request: 'HZN_PRIVATE_KEY_FILE' },
    'Name the key whose fingerprint the nodes pin (hzn-armor keys show prints it).',
  );
}

/**
 * Containers of a service, from the definitions that the Exchange has of it.
 *
 * @returns undefined where the service is of an org that can not be read
 * @throws ArmorError USAGE when there is no such service in the own org
 */
export async function containersOfService(
  { hub }: LiveSession,
  org: string,
  name: string,
): Promise<readonly string[] | undefined> {
  const services = await hub.exchange.list('service', org);
  const texts = [...services.values()].filter(({ url }) => url === name).map(({ deployment }) => String(deployment));
  const containers = [...new Set(texts.flatMap((text) => [...(containersOf(text)?.keys() ?? [])]))];
  if (containers.length > 0) return containers.sort();
  if (org !== hub.org) return undefined;
  const names = [...new Set([...services.values()].map(({ url }) => String(url)))].sort();
  throw new ArmorError(
    'USAGE',
    `there is no service "${name}" in ${org}`,
    { request: '--service' },
    names.length === 0 ? 'Publish the bundle first.' : `There are ${names.join(', ')}.`,
  );
}
