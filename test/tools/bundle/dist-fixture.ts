import { generateKeyPairSync } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { buildDist } from '#tools/bundle/build-dist.ts';
import { renderSources } from '#tools/bundle/render-sources.ts';
import { signerOf } from '#tools/signing/signer.ts';
import { settingsOf } from './bundle-fixture.ts';

export const signer = signerOf(generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey);
export const stranger = signerOf(generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey);

/** Builds a bundle's directory into its dist. */
export async function buildInto(out: string, dir: string, { unixSeconds = 1_700_000_000, by = signer } = {}) {
  const sources = await renderSources(dir, settingsOf(), by);
  return buildDist({ sources, signer: by, out, unixSeconds });
}

/** Every file of a directory by path, in base64: comparable, links and all. */
export function snapshot(dir: string): Record<string, string> {
  const entries = readdirSync(dir, { withFileTypes: true, recursive: true });
  return Object.fromEntries(
    entries
      .filter((entry) => !entry.isDirectory())
      .map((entry) => join(entry.parentPath, entry.name))
      .sort()
      .map((path) => [path.slice(dir.length + 1), readFileSync(path).toString('base64')]),
  );
}
