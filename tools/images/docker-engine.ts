import { ArmorError } from '#errors';

/** An image's digest in its registry, and the architectures it stands for. */
export interface Distribution {
  readonly digest: string;
  /** Go architecture names. */
  readonly architectures: readonly string[];
}

/** What locking asks of a Docker engine. */
export interface DockerEngine {
  /** Asks the image's registry, without a pull. */
  distribution(image: string, auth: RegistryAuth | undefined): Promise<Distribution>;
  /** The image as it was pulled to, or pushed from, this machine; undefined when it is not here. */
  local(image: string): Promise<{ readonly architecture: string; readonly repoDigests: readonly string[] } | undefined>;
}

/** As the engine's API takes it. */
export interface RegistryAuth {
  readonly username: string;
  readonly password: string;
  readonly serveraddress: string;
}

/**
 * The engine that DOCKER_HOST names, or the one of this machine.
 *
 * @throws ArmorError DOCKER_UNAVAILABLE when it does not answer
 */
export async function connectDocker(env: Readonly<Record<string, string | undefined>>): Promise<DockerEngine> {
  const { default: Docker } = await import('dockerode');
  const address = env.DOCKER_HOST ?? 'unix:///var/run/docker.sock';
  const docker = new Docker(engineAddress(address));
  await docker.ping().catch((cause: unknown) => {
    throw unavailable(address, cause);
  });
  return {
    async distribution(image, auth) {
      const info = await docker.getImage(image).distribution(auth === undefined ? {} : { authconfig: auth });
      const linux = (info.Platforms ?? []).filter(({ os }) => os === 'linux');
      return { digest: info.Descriptor.digest, architectures: linux.map(({ architecture }) => architecture) };
    },
    async local(image) {
      try {
        const { Architecture, RepoDigests } = await docker.getImage(image).inspect();
        return { architecture: Architecture, repoDigests: RepoDigests ?? [] };
      } catch (error) {
        if (error instanceof Error && 'statusCode' in error && error.statusCode === 404) return undefined;
        throw error;
      }
    },
  };
}

function engineAddress(address: string) {
  if (address.startsWith('unix://')) return { socketPath: address.slice('unix://'.length), timeout: TIMEOUT_MS };
  const { hostname, port, protocol } = parseAddress(address);
  return {
    host: hostname,
    port: Number(port || 2375),
    protocol: protocol === 'https:' ? ('https' as const) : ('http' as const),
    timeout: TIMEOUT_MS,
  };
}

/** A registry behind a slow line may take its time; an engine that hangs may not. */
const TIMEOUT_MS = 60_000;

function parseAddress(address: string): URL {
  try {
    return new URL(address.replace(/^tcp:/, 'http:'));
  } catch (cause) {
    throw unavailable(address, cause);
  }
}

function unavailable(address: string, cause: unknown): ArmorError {
  const message = cause instanceof Error ? cause.message : String(cause);
  return new ArmorError(
    'DOCKER_UNAVAILABLE',
    `the Docker engine does not answer (${message})`,
    { request: address },
    'Start Docker, or name another engine in DOCKER_HOST. A build needs none: it takes digests from images.lock.yaml.',
    { cause },
  );
}
