import type { KeyObject } from 'node:crypto';
import { ArmorError } from '#errors';
import { openEnvelope } from '#policy/envelope.ts';
import { POLICY_OBJECT_TYPE, type PolicyPayload } from '#policy/payload.ts';
import { overridesOf } from '#tools/signing/sign-service.ts';
import { textIsSigned } from '#tools/signing/signature.ts';
import { distPath, type Manifest } from './dist-layout.ts';
import { isBody, isServiceBody, metadataOf } from './dist-shapes.ts';
import { DistView } from './dist-view.ts';
import { serviceId } from './service-id.ts';
import type { Body, PolicyObject, Publishable, Rendered, ServiceBody } from './types.ts';
import { checkCompleteness, verifyManifest } from './verify-manifest.ts';

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
 * @throws ArmorError, ArmorErrors DIST_TAMPERED, SIGNATURE_INVALID: all that is wrong
 */
export function verifyDist(
  files: ReadonlyMap<string, Buffer>,
  origin: string,
  trusted?: ReadonlySet<string>,
): DistReport {
  const view = new DistView(files, origin);
  const { manifest, key } = verifyManifest(view, trusted);
  checkCompleteness(manifest, view);
  const content = new DistContent(view, manifest, key);
  const publishable = content.read();
  view.throwIfAny();
  const { name, version, org, keyId } = manifest;
  const signatures = content.signatures + 1;
  return { name, version, org, keyId, files: manifest.files.length, signatures, publishable };
}

interface Opened {
  readonly payload: PolicyPayload;
  readonly text: string;
}

/** Reads what is published out of the files, checking each signature on the way. */
class DistContent {
  readonly #view: DistView;
  readonly #manifest: Manifest;
  readonly #key: KeyObject;
  readonly #envelopes = new Map<string, Opened>();
  signatures = 0;

  constructor(view: DistView, manifest: Manifest, key: KeyObject) {
    this.#view = view;
    this.#manifest = manifest;
    this.#key = key;
  }

  read(): Publishable {
    const { name, version, org } = this.#manifest;
    const services = this.#view.below('services');
    const policies = this.#view.below('security-policies');
    const bodies = (folder: string) => this.#view.below(folder).flatMap((path) => this.#body(path));
    return {
      name,
      version,
      org,
      services: services.filter((path) => !path.endsWith('.policy.json')).flatMap((path) => this.#service(path)),
      servicePolicies: services
        .filter((path) => path.endsWith('.policy.json'))
        .flatMap((path) => this.#body(path, '.policy.json')),
      patterns: bodies('patterns').map((pattern) => this.#pattern(pattern)),
      deploymentPolicies: bodies('deployment-policies'),
      nodePolicies: bodies('node-policies'),
      objects: policies.filter((path) => !path.endsWith('.dsse.json')).flatMap((path) => this.#object(path)),
      keys: this.#view.below('keys').flatMap((path) => this.#keyFile(path)),
    };
  }

  #service(path: string): Rendered<ServiceBody>[] {
    const body = this.#view.json(path);
    const id = idIn(path, '.json');
    if (!isServiceBody(body)) return this.#tampered(path, 'it is no service definition');
    if (serviceId(body) !== id) return this.#tampered(path, `it defines ${serviceId(body)}`);
    if (body.deployment !== '') this.#signed(path, body.deployment, body.deploymentSignature);
    return [{ id, file: this.#view.name(path), body }];
  }

  #pattern(pattern: Rendered<Body>): Rendered<Body> {
    for (const { text, signature } of overridesOf(pattern.body)) {
      this.#signed(distPath.pattern(pattern.id), text, signature);
    }
    return pattern;
  }

  #signed(path: string, text: string, signature: string): void {
    if (textIsSigned(text, signature, this.#key)) this.signatures += 1;
    else this.#view.report(this.#view.badSignature(path, 'the signature in it does not match'));
  }

  #object(path: string): PolicyObject[] {
    const metadata = metadataOf(this.#view.json(path));
    if (metadata?.objectType !== POLICY_OBJECT_TYPE) {
      return this.#tampered(path, 'it is no metadata of a security policy');
    }
    const { objectID: objectId, placement, description } = metadata;
    const suffix = placement.kind === 'pattern' ? `.${placement.pattern}` : '';
    const isNamed = objectId === idIn(path, '.json') && objectId.endsWith(suffix);
    if (!isNamed || metadata.destinationOrgID !== this.#manifest.org) {
      return this.#tampered(path, 'its id or organization is another one');
    }
    const opened = this.#envelope(objectId.slice(0, objectId.length - suffix.length));
    if (opened === undefined) return [];
    const { seq, ...content } = opened.payload;
    if (metadata.version !== String(seq)) return this.#tampered(path, `its version is not the envelope's seq ${seq}`);
    const file = this.#view.name(path);
    return [{ objectId, file, layer: content.layer, content, placement, description, envelope: opened.text }];
  }

  /** A pattern's copy shares its envelope with the object itself: opened once. */
  #envelope(contentId: string): Opened | undefined {
    const known = this.#envelopes.get(contentId);
    if (known !== undefined) return known;
    const path = distPath.envelope(contentId);
    const text = this.#view.text(path);
    const [opened] = text === undefined ? this.#tampered(path, 'it is missing') : this.#open(path, text, contentId);
    if (opened !== undefined) this.#envelopes.set(contentId, opened);
    return opened;
  }

  #open(path: string, text: string, contentId: string): Opened[] {
    const { keyId } = this.#manifest;
    try {
      const { payload } = openEnvelope(text, new Set([keyId]));
      if (payload.id !== contentId || !contentId.endsWith(`.${keyId.slice(0, 12)}`)) {
        return this.#tampered(path, `it carries ${payload.id}`);
      }
      this.signatures += 1;
      return [{ payload, text }];
    } catch (error) {
      if (!(error instanceof ArmorError)) throw error;
      return this.#view.report(this.#view.badSignature(path, error.message));
    }
  }

  #keyFile(path: string): Publishable['keys'] {
    const keyId = idIn(path, '.pem');
    if (this.#view.publicKey(keyId) === undefined) {
      return this.#tampered(path, 'it is not the key that it is named after');
    }
    return [{ keyId, pem: this.#view.files.get(path)?.toString('utf8') ?? '' }];
  }

  #body(path: string, suffix = '.json'): Rendered<Body>[] {
    const body = this.#view.json(path);
    if (!isBody(body)) return this.#tampered(path, 'it is no JSON object');
    return [{ id: idIn(path, suffix), file: this.#view.name(path), body }];
  }

  #tampered(path: string, message: string): [] {
    return this.#view.report(this.#view.tampered(path, message));
  }
}

function idIn(path: string, suffix: string): string {
  return path.slice(path.indexOf('/') + 1, -suffix.length);
}
