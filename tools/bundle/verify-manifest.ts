import type { KeyObject } from 'node:crypto';
import { ArmorError } from '#errors';
import { textIsSigned } from '#tools/signing/signature.ts';
import { distPath, MANIFEST, MANIFEST_SIGNATURE, type Manifest, sha256 } from './dist-layout.ts';
import { isManifest } from './dist-shapes.ts';
import type { DistView } from './dist-view.ts';

/**
 * The manifest, once it is proven to be what its key signed: without it nothing else can be judged.
 *
 * @param trusted key ids of which one must have signed; undefined to accept any
 * @throws ArmorError DIST_TAMPERED, SIGNATURE_INVALID
 */
export function verifyManifest(view: DistView, trusted?: ReadonlySet<string>): { manifest: Manifest; key: KeyObject } {
  const text = view.files.get(MANIFEST)?.toString('utf8');
  if (text === undefined) throw view.tampered(MANIFEST, 'there is no manifest');
  const manifest = view.json(MANIFEST);
  if (!isManifest(manifest)) throw view.tampered(MANIFEST, 'it is no manifest of format 1');
  const { keyId } = manifest;
  const key = view.publicKey(keyId);
  if (key === undefined) {
    throw view.tampered(distPath.key(keyId), 'the key that signed the manifest is missing, or another one');
  }
  if (!textIsSigned(text, view.text(MANIFEST_SIGNATURE) ?? '', key)) {
    throw view.badSignature(MANIFEST, 'its signature does not match');
  }
  if (trusted !== undefined && !trusted.has(keyId)) {
    const fix = 'Ask its builder for the key id, compare it, and name it with --trust.';
    const where = { file: view.name(MANIFEST) };
    throw new ArmorError('SIGNATURE_INVALID', `signed by ${keyId}, which is not trusted here`, where, fix);
  }
  return { manifest, key };
}

/** Reports every file that is missing, changed, or not in the manifest. */
export function checkCompleteness({ files }: Manifest, view: DistView): void {
  for (const { path, sha256: digest, size } of files) {
    const bytes = view.files.get(path);
    if (bytes === undefined) view.report(view.tampered(path, 'it is missing'));
    else if (bytes.length !== size || sha256(bytes) !== digest) {
      view.report(view.tampered(path, 'it was changed after the build'));
    }
  }
  const listed = new Set([MANIFEST, MANIFEST_SIGNATURE, ...files.map(({ path }) => path)]);
  for (const path of view.files.keys()) {
    if (!listed.has(path)) view.report(view.tampered(path, 'the manifest does not know it'));
  }
}
