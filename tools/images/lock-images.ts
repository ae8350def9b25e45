import { ArmorError } from '#errors';
import { nameOf, type UsedImage } from '#tools/bundle/images.ts';
import type { ImagesLockFile } from '#tools/bundle/source-types.ts';
import type { DockerEngine } from './docker-engine.ts';
import { authFor, type RegistryLogins } from './registry-auth.ts';

/** One image for one architecture, and what became of it. */
export interface LockLine {
  readonly image: string;
  readonly arch: string;
  /** What is in the lock now; absent where nothing could be found. */
  readonly digest?: string;
  readonly change: 'added' | 'changed' | 'unchanged' | 'unresolved';
}

export interface LockResult {
  readonly lock: ImagesLockFile;
  readonly lines: readonly LockLine[];
  /** Images that no service names any more. */
  readonly removed: readonly string[];
  readonly problems: readonly ArmorError[];
}

/**
 * The lock that fits the images in use. An image that can not be resolved keeps what the lock had: it was right once, and
 * nodes may be running it.
 */
export async function lockImages(
  used: readonly UsedImage[],
  before: ImagesLockFile,
  engine: DockerEngine,
  logins: RegistryLogins,
): Promise<LockResult> {
  const wanted = byImage(used);
  const resolved = await Promise.all(
    [...wanted].map(async ([image, archs]) => ({ image, ...(await resolveImage(image, archs, engine, logins)) })),
  );
  const images: Record<string, Record<string, string>> = {};
  const lines: LockLine[] = [];
  for (const { image, digests } of resolved) {
    for (const arch of [...(wanted.get(image) ?? [])].sort()) {
      const old = before.images[image]?.[arch];
      const digest = digests.get(arch) ?? old;
      lines.push({ image, arch, ...(digest !== undefined && { digest }), change: changeOf(old, digests.get(arch)) });
      if (digest !== undefined) images[image] = { ...images[image], [arch]: digest };
    }
  }
  return {
    lock: { images },
    lines,
    removed: Object.keys(before.images).filter((image) => !wanted.has(image)),
    problems: resolved.flatMap(({ problems }) => problems),
  };
}

interface Resolved {
  readonly digests: ReadonlyMap<string, string>;
  readonly problems: readonly ArmorError[];
}

async function resolveImage(
  image: string,
  archs: ReadonlySet<string>,
  engine: DockerEngine,
  logins: RegistryLogins,
): Promise<Resolved> {
  const digests = new Map<string, string>();
  let reason = '';
  try {
    const { digest, architectures } = await engine.distribution(image, authFor(image, logins));
    for (const arch of archs) if (architectures.includes(arch)) digests.set(arch, digest);
    reason = `the registry has it for ${architectures.join(', ') || 'no architecture'} only`;
  } catch (error) {
    reason = error instanceof Error ? error.message.trim() : String(error);
    await addLocal(image, archs, engine, digests);
  }
  const missing = [...archs].filter((arch) => !digests.has(arch));
  return { digests, problems: missing.length === 0 ? [] : [unresolved(image, missing, reason)] };
}

/** A registry that does not answer: what was pulled or pushed here has its digest noted. */
async function addLocal(
  image: string,
  archs: ReadonlySet<string>,
  engine: DockerEngine,
  digests: Map<string, string>,
): Promise<void> {
  const local = await engine.local(image);
  const digest = local?.repoDigests
    .find((entry) => familiar(entry.split('@')[0] ?? '') === familiar(nameOf(image)))
    ?.split('@')[1];
  if (local !== undefined && digest !== undefined && archs.has(local.architecture))
    digests.set(local.architecture, digest);
}

/** Docker shortens names of Docker Hub; both spellings are one image. */
function familiar(name: string): string {
  return name.replace(/^(index\.)?docker\.io\//, '').replace(/^library\//, '');
}

function byImage(used: readonly UsedImage[]): Map<string, Set<string>> {
  const images = new Map<string, Set<string>>();
  for (const { image, arch } of used) images.set(image, (images.get(image) ?? new Set()).add(arch));
  return new Map([...images].sort(([a], [b]) => (a < b ? -1 : 1)));
}

function changeOf(old: string | undefined, found: string | undefined): LockLine['change'] {
  if (found === undefined) return 'unresolved';
  if (old === undefined) return 'added';
  return old === found ? 'unchanged' : 'changed';
}

function unresolved(image: string, archs: readonly string[], reason: string): ArmorError {
  return new ArmorError(
    'IMAGE_UNLOCKED',
    `no digest for ${archs.join(', ')}: ${reason}`,
    { request: image },
    'Check the name, docker login to its registry, or remove the architecture from the service.',
  );
}
