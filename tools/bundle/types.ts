import type { CatalogueEntry, ComplianceId, Layer, PolicyContent } from '#policy/payload.ts';
import type { SecurityPolicy } from '#policy/types.ts';
import type {
  BundleFile,
  DeploymentPolicyFile,
  ImagesLockFile,
  NodePolicyFile,
  PatternFile,
  Property,
  ServiceFile,
  ServicePolicyFile,
} from './source-types.ts';

export type { Attachment, Property } from './source-types.ts';

/** A value read from a source file, with what it takes to point into that file. `file` is relative to the bundle. */
export interface Source<T> {
  readonly file: string;
  readonly value: T;
  /** Position of a path in the value (`['service', 'name']`), counting from 1; the nearest parent's when it is absent. */
  locate(path: readonly (string | number)[]): { readonly line: number; readonly column: number };
}

/** A source with the name that its file gives it (`deployment-policies/<name>.yaml`). */
export interface Named<T> extends Source<T> {
  readonly name: string;
}

export interface BundledService {
  readonly definition: Named<ServiceFile>;
  readonly policy?: Source<ServicePolicyFile>;
}

/** What is attached to one deployment or node policy, instantiated. */
export interface AttachedPolicies {
  readonly inherit: boolean;
  /** The container that all of them protect, `*` when they span several; `*` as well for a node policy's. */
  readonly container: string;
  readonly policies: readonly SecurityPolicy[];
  readonly catalogue: readonly CatalogueEntry[];
}

/** Everything that the sources say: read, variables resolved, validated, references checked. */
export interface Bundle {
  readonly dir: string;
  readonly org: string;
  readonly settings: Source<BundleFile>;
  readonly services: readonly BundledService[];
  readonly deploymentPolicies: readonly Named<DeploymentPolicyFile>[];
  readonly nodePolicies: readonly Named<NodePolicyFile>[];
  readonly patterns: readonly Named<PatternFile>[];
  readonly images: Source<ImagesLockFile>;
  /** What is attached, by the file of the deployment or node policy; absent where nothing is. */
  readonly attached: ReadonlyMap<string, AttachedPolicies>;
  /** What is legal and probably not meant: one line each, with its place. */
  readonly warnings: readonly Warning[];
}

/** Something a build says and goes on. */
export interface Warning {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly message: string;
  readonly fix: string;
}

/** Bodies exactly as the Exchange takes them (reference/exchange-mms.md §A.7–A.11). */
export interface ServiceBody {
  readonly label: string;
  readonly description: string;
  readonly documentation?: string;
  readonly public: boolean;
  readonly url: string;
  readonly version: string;
  readonly arch: string;
  readonly sharable: string;
  readonly matchHardware?: Readonly<Record<string, unknown>>;
  readonly requiredServices: readonly Readonly<Record<string, string>>[];
  readonly userInput: readonly {
    readonly name: string;
    readonly label: string;
    readonly type: string;
    readonly defaultValue: string;
  }[];
  /** The exact text that is signed. */
  readonly deployment: string;
  /** Base64 RSA-PSS over `deployment`; empty while unsigned. */
  readonly deploymentSignature: string;
}

export type Body = Readonly<Record<string, unknown>>;

/** One thing to publish: where it goes, what it says, and which source says it. */
export interface Rendered<B> {
  readonly id: string;
  readonly file: string;
  readonly body: B;
}

/** What was signed before, by the id of what it was signed for; whoever it is from, it is verified before it is kept. */
export interface KnownSignatures {
  readonly services: ReadonlyMap<string, Pick<ServiceBody, 'deployment' | 'deploymentSignature'>>;
  readonly patterns: ReadonlyMap<string, Body>;
  /** Envelopes by `PolicyContent.id`. */
  readonly envelopes: ReadonlyMap<string, string>;
}

/** Where MMS puts an object: nodes that match by policy, or nodes of a pattern (design §6). */
export type Placement =
  | {
      readonly kind: 'policy';
      readonly properties: readonly Property[];
      readonly constraints: readonly string[];
      readonly services: readonly {
        readonly orgID: string;
        readonly arch: string;
        readonly serviceName: string;
        readonly version: string;
      }[];
    }
  | { readonly kind: 'pattern'; readonly pattern: string };

/** A security policy on its way to MMS. `envelope` is the signed form when there is one (from a dist, or kept). */
export interface PolicyObject {
  /** MMS object id; the same as `content.id`, with the pattern behind it for a pattern's copy. */
  readonly objectId: string;
  readonly file: string;
  readonly layer: Layer;
  readonly content: PolicyContent;
  readonly placement: Placement;
  readonly description: string;
  readonly envelope?: string;
}

/**
 * Everything a publish needs, whether rendered from the sources (unsigned where nothing signed is known) or read from a
 * dist or an archive (signed). `signing` is the key that signs what is unsigned.
 */
export interface Publishable {
  readonly name: string;
  readonly version: string;
  readonly org: string;
  readonly services: readonly Rendered<ServiceBody>[];
  /** `id` is the service's id. */
  readonly servicePolicies: readonly Rendered<Body>[];
  readonly patterns: readonly Rendered<Body>[];
  readonly deploymentPolicies: readonly Rendered<Body>[];
  /** For `hzn register --policy`: not published by themselves. */
  readonly nodePolicies: readonly Rendered<Body>[];
  readonly objects: readonly PolicyObject[];
  /** Public keys (SPKI PEM) by key id, as uploaded to services and patterns. */
  readonly keys: readonly { readonly keyId: string; readonly pem: string }[];
}

export type { ComplianceId };
