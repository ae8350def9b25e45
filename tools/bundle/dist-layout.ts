import { createHash } from 'node:crypto';
import { hznJson } from './hzn-json.ts';
import { objectMetadata } from './object-metadata.ts';
import type { Publishable } from './types.ts';

/** Files of a dist by path: text, as written. */
export type DistFiles = ReadonlyMap<string, string>;

export const MANIFEST = 'manifest.json';
/** Base64 RSA-PSS over the exact bytes of manifest.json, by the key that the manifest names. */
export const MANIFEST_SIGNATURE = 'manifest.sig';

/** Folders that a build owns: what is in them and not of this build is removed. */
export const DIST_FOLDERS = [
  'services',
  'patterns',
  'deployment-policies',
  'node-policies',
  'security-policies',
  'keys',
] as const;

/** manifest.json: what belongs to a dist, and nothing that changes from build to build by itself. */
export interface Manifest {
  readonly format: 1;
  readonly name: string;
  readonly version: string;
  readonly org: string;
  /** The key that signed everything here. */
  readonly keyId: string;
  /** Service name → versions. */
  readonly services: Readonly<Record<string, readonly string[]>>;
  readonly files: readonly { readonly path: string; readonly sha256: string; readonly size: number }[];
}

/** Where each part of a dist is (design §6). */
export const distPath = {
  service: (id: string) => `services/${id}.json`,
  servicePolicy: (id: string) => `services/${id}.policy.json`,
  pattern: (name: string) => `patterns/${name}.json`,
  deploymentPolicy: (name: string) => `deployment-policies/${name}.json`,
  nodePolicy: (name: string) => `node-policies/${name}.json`,
  metadata: (objectId: string) => `security-policies/${objectId}.json`,
  envelope: (contentId: string) => `security-policies/${contentId}.dsse.json`,
  key: (keyId: string) => `keys/${keyId}.pem`,
  archive: ({ name, version }: { readonly name: string; readonly version: string }) => `${name}-${version}.tar.gz`,
} as const;

/** Every file of a signed publishable but the manifest, its signature and the archive. */
export function distFiles(publishable: Publishable): DistFiles {
  const { services, servicePolicies, patterns, deploymentPolicies, nodePolicies, objects, keys, org } = publishable;
  const envelopes = objects.flatMap(({ content, envelope }): [string, string][] =>
    envelope === undefined ? [] : [[distPath.envelope(content.id), `${envelope}\n`]],
  );
  return new Map(
    [
      ...services.map(({ id, body }): [string, string] => [distPath.service(id), hznJson(body)]),
      ...servicePolicies.map(({ id, body }): [string, string] => [distPath.servicePolicy(id), hznJson(body)]),
      ...patterns.map(({ id, body }): [string, string] => [distPath.pattern(id), hznJson(body)]),
      ...deploymentPolicies.map(({ id, body }): [string, string] => [distPath.deploymentPolicy(id), hznJson(body)]),
      ...nodePolicies.map(({ id, body }): [string, string] => [distPath.nodePolicy(id), hznJson(body)]),
      ...objects.map((object): [string, string] => [
        distPath.metadata(object.objectId),
        hznJson(objectMetadata(object, org)),
      ]),
      ...envelopes,
      ...keys.map(({ keyId, pem }): [string, string] => [distPath.key(keyId), pem]),
    ].sort(([a], [b]) => (a < b ? -1 : 1)),
  );
}

/** The manifest of a dist's files. */
export function manifestOf(publishable: Publishable, files: DistFiles, keyId: string): Manifest {
  const { name, version, org } = publishable;
  const services: Record<string, string[]> = {};
  for (const { body } of publishable.services) {
    const versions = services[body.url] ?? [];
    services[body.url] = [...new Set([...versions, body.version])];
  }
  const entries = [...files].map(([path, text]) => {
    const bytes = Buffer.from(text);
    return { path, sha256: sha256(bytes), size: bytes.length };
  });
  return { format: 1, name, version, org, keyId, services, files: entries };
}

export function sha256(bytes: Buffer | string): string {
  return createHash('sha256').update(bytes).digest('hex');
}
