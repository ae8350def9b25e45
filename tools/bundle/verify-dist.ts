import { createPublicKey, type KeyObject } from 'node:crypto';
import { ArmorError, ArmorErrors } from '#errors';
import { keyIdOf, openEnvelope } from '#policy/envelope.ts';
import { POLICY_OBJECT_TYPE, type PolicyPayload } from '#policy/payload.ts';
import { overridesOf } from '#tools/signing/sign-service.ts';
import { textIsSigned } from '#tools/signing/signature.ts';
import { distPath, MANIFEST, MANIFEST_SIGNATURE, type Manifest, sha256 } from './dist-layout.ts';
import { isBody, isManifest, isServiceBody, metadataOf } from './dist-shapes.ts';
import { serviceId } from './service-id.ts';
import type { Body, PolicyObject, Publishable, Rendered, ServiceBody } from './types.ts';

/** What a verification counted. */
export interface DistReport {
  readonly name: string;
  readonly version: string;
  readonly org: string;
  /** The key that signed all of it. */
  readonly keyId: string;
  readonly files: number;
  readonly signatures: number;
  readonly publishable: Publishable;
}

/**
 * Checks every digest and signature of a dist's files, and that there is nothing in it that its manifest does not name.
 * The manifest, the services and the policies must be signed by one key, which is in the dist: whose key that is, only
 * `trusted` can say.
 *
 * @param files by path, the archive left out
 * @param origin the dist or archive, for errors
 * @param trusted key ids of which one must have signed; undefined to accept any
 * @throws ArmorErrors DIST_TAMPERED, SIGNATURE_INVALID: all that is wrong
 */
export function verifyDist(
  files: ReadonlyMap<string, Buffer>,
  origin: string,
  trusted?: ReadonlySet<string>,
): DistReport {
  const check = new DistCheck(files, origin);
  const manifest = check.manifest(trusted);
  check.completeness(manifest);
  const publishable = check.content(manifest);
  check.throwIfAny();
  const { name, version, org, keyId } = manifest;
  return { name, version, org, keyId, files: manifest.files.length, signatures: check.signatures, publishable };
}

class DistCheck {
  readonly #files: ReadonlyMap<string, Buffer>;
  readonly #origin: string;
  readonly #problems: ArmorError[] = [];
  #key: KeyObject | undefined;
  signatures = 0;

  constructor(files: ReadonlyMap<string, Buffer>, origin: string) {
    this.#files = files;
    this.#origin = origin;
  }

  /** The manifest, once it is proven to be what its key signed; without it nothing else can be judged. */
  manifest(trusted: ReadonlySet<string> | undefined): Manifest {
    const text = this.#files.get(MANIFEST)?.toString('utf8');
    if (text === undefined) throw this.#tampered(MANIFEST, 'there is no manifest');
    const manifest = this.#json(MANIFEST);
    if (!isManifest(manifest)) throw this.#tampered(MANIFEST, 'it is no manifest of format 1');
    const { keyId } = manifest;
    const key = this.#publicKey(keyId);
    if (key === undefined)
      throw this.#tampered(distPath.key(keyId), 'the key that signed the manifest is missing, or another one');
    const signature = this.#files.get(MANIFEST_SIGNATURE)?.toString('utf8').trimEnd() ?? '';
    if (!textIsSigned(text, signature, key)) throw this.#badSignature(MANIFEST, 'its signature does not match');
    if (trusted !== undefined && !trusted.has(keyId)) {
      const fix = 'Ask its builder for the key id, compare it, and name it with --trust.';
      throw new ArmorError(
        'SIGNATURE_INVALID',
        `signed by ${keyId}, which is not trusted here`,
        this.#where(MANIFEST),
        fix,
      );
    }
    this.#key = key;
    this.signatures += 1;
    return manifest;
  }

  completeness({ files }: Manifest): void {
    const listed = new Map(files.map((file) => [file.path, file]));
    for (const { path, sha256: digest, size } of files) {
      const bytes = this.#files.get(path);
      if (bytes === undefined) this.#report(this.#tampered(path, 'it is missing'));
      else if (bytes.length !== size || sha256(bytes) !== digest)
        this.#report(this.#tampered(path, 'it was changed after the build'));
    }
    for (const path of this.#files.keys()) {
      if (!listed.has(path) && path !== MANIFEST && path !== MANIFEST_SIGNATURE) {
        this.#report(this.#tampered(path, 'the manifest does not know it'));
      }
    }
  }

  content({ name, version, org, keyId }: Manifest): Publishable {
    const below = (folder: string) => [...this.#files.keys()].filter((path) => path.startsWith(`${folder}/`)).sort();
    const bodies = (folder: string) => below(folder).flatMap((path) => this.#body(path));
    const definitions = below('services').filter((path) => !path.endsWith('.policy.json'));
    return {
      name,
      version,
      org,
      services: definitions.flatMap((path) => this.#service(path)),
      servicePolicies: below('services')
        .filter((path) => path.endsWith('.policy.json'))
        .flatMap((path) => this.#body(path, '.policy.json')),
      patterns: bodies('patterns').map((pattern) => this.#pattern(pattern)),
      deploymentPolicies: bodies('deployment-policies'),
      nodePolicies: bodies('node-policies'),
      objects: below('security-policies')
        .filter((path) => !path.endsWith('.dsse.json'))
        .flatMap((path) => this.#object(path, keyId, org)),
      keys: below('keys').flatMap((path) => this.#keyFile(path)),
    };
  }

  throwIfAny(): void {
    const [first, ...rest] = this.#problems;
    if (first !== undefined) throw new ArmorErrors([first, ...rest]);
  }

  #service(path: string): Rendered<ServiceBody>[] {
    const body = this.#json(path);
    const id = idIn(path, '.json');
    if (!isServiceBody(body)) return this.#report(this.#tampered(path, 'it is no service definition'));
    if (serviceId(body) !== id) return this.#report(this.#tampered(path, `it defines ${serviceId(body)}`));
    if (body.deployment !== '') this.#signed(path, body.deployment, body.deploymentSignature);
    return [{ id, file: this.#file(path), body }];
  }

  #pattern(pattern: Rendered<Body>): Rendered<Body> {
    for (const { text, signature } of overridesOf(pattern.body))
      this.#signed(distPath.pattern(pattern.id), text, signature);
    return pattern;
  }

  #signed(path: string, text: string, signature: string): void {
    if (this.#key !== undefined && textIsSigned(text, signature, this.#key)) this.signatures += 1;
    else this.#report(this.#badSignature(path, 'the signature in it does not match'));
  }

  #object(path: string, keyId: string, org: string): PolicyObject[] {
    const metadata = metadataOf(this.#json(path));
    if (metadata === undefined || metadata.objectType !== POLICY_OBJECT_TYPE) {
      return this.#report(this.#tampered(path, 'it is no metadata of a security policy'));
    }
    const { objectID: objectId, placement, description } = metadata;
    const suffix = placement.kind === 'pattern' ? `.${placement.pattern}` : '';
    if (objectId !== idIn(path, '.json') || !objectId.endsWith(suffix) || metadata.destinationOrgID !== org) {
      return this.#report(this.#tampered(path, 'its id or organization is another one'));
    }
    const contentId = objectId.slice(0, objectId.length - suffix.length);
    const opened = this.#envelope(distPath.envelope(contentId), contentId, keyId);
    if (opened === undefined) return [];
    const { seq, ...content } = opened.payload;
    if (metadata.version !== String(seq))
      return this.#report(this.#tampered(path, `its version is not the envelope's seq ${seq}`));
    return [
      {
        objectId,
        file: this.#file(path),
        layer: content.layer,
        content,
        placement,
        description,
        envelope: opened.text,
      },
    ];
  }

  #envelope(path: string, contentId: string, keyId: string): { payload: PolicyPayload; text: string } | undefined {
    const text = this.#files.get(path)?.toString('utf8').trimEnd();
    if (text === undefined) {
      this.#report(this.#tampered(path, 'it is missing'));
      return undefined;
    }
    try {
      const { payload } = openEnvelope(text, new Set([keyId]));
      if (payload.id !== contentId || !contentId.endsWith(`.${keyId.slice(0, 12)}`)) {
        this.#report(this.#tampered(path, `it carries ${payload.id}`));
        return undefined;
      }
      this.signatures += 1;
      return { payload, text };
    } catch (error) {
      if (!(error instanceof ArmorError)) throw error;
      this.#report(this.#badSignature(path, error.message));
      return undefined;
    }
  }

  #keyFile(path: string): Publishable['keys'] {
    const keyId = idIn(path, '.pem');
    const pem = this.#files.get(path)?.toString('utf8') ?? '';
    if (this.#publicKey(keyId) === undefined)
      return this.#report(this.#tampered(path, 'it is not the key that it is named after'));
    return [{ keyId, pem }];
  }

  #body(path: string, suffix = '.json'): Rendered<Body>[] {
    const body = this.#json(path);
    if (!isBody(body)) return this.#report(this.#tampered(path, 'it is no JSON object'));
    return [{ id: idIn(path, suffix), file: this.#file(path), body }];
  }

  #publicKey(keyId: string): KeyObject | undefined {
    try {
      const key = createPublicKey(this.#files.get(distPath.key(keyId))?.toString('utf8') ?? '');
      return key.asymmetricKeyType === 'rsa' && keyIdOf(key) === keyId ? key : undefined;
    } catch {
      return undefined;
    }
  }

  #json(path: string): unknown {
    try {
      return JSON.parse(this.#files.get(path)?.toString('utf8') ?? '');
    } catch {
      return undefined;
    }
  }

  #report(problem: ArmorError): [] {
    this.#problems.push(problem);
    return [];
  }

  #tampered(path: string, message: string): ArmorError {
    return new ArmorError(
      'DIST_TAMPERED',
      message,
      this.#where(path),
      'Do not publish it; build it again, or get it again.',
    );
  }

  #badSignature(path: string, message: string): ArmorError {
    return new ArmorError(
      'SIGNATURE_INVALID',
      message,
      this.#where(path),
      'Do not publish it; build it again, or get it again.',
    );
  }

  #where(path: string): { file: string } {
    return { file: this.#file(path) };
  }

  #file(path: string): string {
    return `${this.#origin}/${path}`;
  }
}

function idIn(path: string, suffix: string): string {
  return path.slice(path.indexOf('/') + 1, -suffix.length);
}
