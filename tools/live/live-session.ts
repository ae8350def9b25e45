import { ArmorError } from '#errors';
import { AGENT_CONTAINER, agentServices } from '#tools/bundle/agent-services.ts';
import type { Variables } from '#tools/bundle/variables.ts';
import type { CommandContext } from '#tools/command.ts';
import { containersOf } from '#tools/compat/deployment.ts';
import type { Css } from '#tools/hub/css.ts';
import { type Hub, openHub, requireCss, requireHub } from '#tools/hub/open-hub.ts';
import { refuseForeignOrg } from '#tools/hub/read-snapshot.ts';
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
    await refuseForeignOrg(hub);
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

/** Containers of each service of an org, from all definitions that the Exchange shows of it. */
export async function readContainers(
  { hub }: LiveSession,
  org: string,
): Promise<ReadonlyMap<string, readonly string[]>> {
  const services = await hub.exchange.list('service', org);
  const byName = Map.groupBy(services.values(), ({ url }) => String(url));
  return new Map(
    [...byName].map(([name, bodies]) => {
      const containers = bodies.flatMap(({ deployment }) => [...(containersOf(String(deployment))?.keys() ?? [])]);
      return [name, [...new Set(containers)].sort()];
    }),
  );
}

/**
 * The containers of one service.
 *
 * @returns undefined where the service is of another org, and can not be seen
 * @throws ArmorError USAGE when there is no such service in the own org
 */
export function containersOfService(
  services: ReadonlyMap<string, readonly string[]>,
  name: string,
  { org, own }: { readonly org: string; readonly own: boolean },
): readonly string[] | undefined {
  const containers = services.get(name);
  if (containers !== undefined && containers.length > 0) return containers;
  if (!own) return undefined;
  const names = [...services.keys()].sort();
  throw new ArmorError(
    'USAGE',
    `there is no service "${name}" in ${org}`,
    { request: '--service' },
    names.length === 0 ? 'Publish the bundle first.' : `There are ${names.join(', ')}.`,
  );
}

/** Services that bring a security agent with them: those that policies are delivered to. */
export function agentsAmong(services: ReadonlyMap<string, readonly string[]>): readonly string[] {
  const found = [...services].filter(([, containers]) => containers.includes(AGENT_CONTAINER)).map(([name]) => name);
  return found.length === 0 ? agentServices([]) : found.sort();
}
