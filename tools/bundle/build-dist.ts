import { join } from 'node:path';
import { signPublishable } from '#tools/signing/sign-publishable.ts';
import type { Signer } from '#tools/signing/signer.ts';
import { distPath } from './dist-layout.ts';
import { knownFromFiles } from './known-signatures.ts';
import type { RenderedSources } from './render-sources.ts';
import type { Warning } from './types.ts';
import { type DistChanges, readPreviousDist, writeDist } from './write-dist.ts';

/** What a build did, as `--json` prints it. */
export interface BuildResult extends DistChanges {
  readonly name: string;
  readonly version: string;
  readonly org: string;
  readonly keyId: string;
  readonly out: string;
  readonly archive: string;
  readonly services: number;
  readonly securityPolicies: number;
  readonly warnings: readonly Warning[];
}

export interface BuildOptions {
  readonly sources: RenderedSources;
  readonly signer: Signer;
  /** Directory to write; made when it is not there. */
  readonly out: string;
  readonly unixSeconds: number;
  readonly onProgress?: (done: number, total: number) => void;
}

/**
 * Signs and writes what a bundle's sources say. What the last build signed and what is still right is kept: a second build of the
 * same sources changes no byte.
 */
export async function buildDist({ sources, signer, out, ...signing }: BuildOptions): Promise<BuildResult> {
  const previous = readPreviousDist(out);
  const publishable = await signPublishable(sources.publishable, signer, knownFromFiles(previous), signing);
  const changes = await writeDist(out, publishable, signer, previous);
  const { name, version, org, services, objects } = publishable;
  return {
    name,
    version,
    org,
    keyId: signer.keyId,
    out,
    archive: join(out, distPath.archive(publishable)),
    services: services.length,
    securityPolicies: objects.length,
    warnings: sources.warnings,
    ...changes,
  };
}
