import { stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { ArmorError } from '#errors';
import type { KnownSignatures, Publishable } from '#tools/bundle/types.ts';
import { warningLine } from '#tools/bundle/warning-line.ts';
import type { Settings } from '#tools/settings.ts';
import type { LoadedSigner } from '#tools/signing/load-signer.ts';

/** What is to be published, from wherever it was given. */
export interface Loaded {
  readonly from: 'sources' | 'dist' | 'archive';
  /** Signed when it is from a dist or an archive. */
  readonly publishable: Publishable;
  /** Absent where a dist of another key is published: nothing can be signed then. */
  readonly signer?: LoadedSigner;
  /** Key ids whose signatures count as ours. */
  readonly keyIds: ReadonlySet<string>;
  /** One line each. */
  readonly warnings: readonly string[];
  /**
   * Signatures of the dist beside the sources, if there is one: what a build has signed, and no hub knows yet, need not
   * be signed again.
   */
  readonly built?: () => Promise<KnownSignatures>;
}

export interface Target {
  readonly cwd: string;
  /** Directory of horizon-armor.yaml. */
  readonly bundle: string;
  /** A dist directory or an archive, instead of the sources. */
  readonly dist?: string;
}

/**
 * Loads sources, a dist or an archive. Only what is needed is imported: a dist needs no YAML, sources no archive.
 *
 * @throws ArmorError, ArmorErrors with everything that is wrong with it
 */
export async function loadPublishable(target: Target, settings: Settings): Promise<Loaded> {
  const { cwd, bundle, dist } = target;
  if (dist === undefined) return loadSources(resolve(cwd, bundle), settings);
  const path = resolve(cwd, dist);
  const found = await stat(path).catch(() => undefined);
  if (found?.isDirectory() && (await isFile(join(path, 'horizon-armor.yaml')))) return loadSources(path, settings);
  const loaded = await loadDist(path, settings, found?.isDirectory() ? 'dist' : 'archive');
  const { org } = loaded.publishable;
  if (settings.org !== undefined && settings.org.value !== org)
    throw new ArmorError(
      'SOURCE_INVALID',
      `it was built for the org ${org}, and HZN_ORG_ID is ${settings.org.value}`,
      { file: dist },
      'Build it for that org: the org stands inside what is signed.',
    );
  return loaded;
}

async function loadSources(dir: string, settings: Settings): Promise<Loaded> {
  const [{ renderSources }, { loadSigner }] = await Promise.all([
    import('#tools/bundle/render-sources.ts'),
    import('#tools/signing/load-signer.ts'),
  ]);
  const signer = await loadSigner(settings);
  const { publishable, warnings } = await renderSources(dir, settings, signer);
  return {
    from: 'sources',
    publishable,
    signer,
    keyIds: new Set([signer.keyId]),
    warnings: [...signer.warnings, ...warnings.map(warningLine)],
    built: () => readBuilt(join(dir, 'dist')),
  };
}

/** Nothing there is believed before it verifies; a dist that cannot be read is none. */
async function readBuilt(dist: string): Promise<KnownSignatures> {
  const [{ readDistDirectory }, { knownFromFiles }] = await Promise.all([
    import('#tools/bundle/dist-directory.ts'),
    import('#tools/bundle/known-signatures.ts'),
  ]);
  try {
    return knownFromFiles(readDistDirectory(dist) ?? new Map());
  } catch (error) {
    if (error instanceof ArmorError) return knownFromFiles(new Map());
    throw error;
  }
}

async function loadDist(path: string, settings: Settings, from: 'dist' | 'archive'): Promise<Loaded> {
  const { readDist } = await import('#tools/bundle/read-dist.ts');
  const publishable = await readDist(path);
  const keyIds = new Set(publishable.keys.map(({ keyId }) => keyId));
  const signer = await signerOf(keyIds, settings);
  return { from, publishable, keyIds, warnings: signer?.warnings ?? [], ...(signer && { signer }) };
}

/** The key that made the dist, if it is at hand: withdrawals need it, publishing does not. */
async function signerOf(keyIds: ReadonlySet<string>, settings: Settings): Promise<LoadedSigner | undefined> {
  const { loadSigner } = await import('#tools/signing/load-signer.ts');
  try {
    const signer = await loadSigner(settings);
    return keyIds.has(signer.keyId) ? signer : undefined;
  } catch (error) {
    if (error instanceof ArmorError) return undefined;
    throw error;
  }
}

async function isFile(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined))?.isFile() === true;
}
