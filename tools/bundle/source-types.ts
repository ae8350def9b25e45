/** What each kind of source holds once variables are resolved and its schema holds; field names are Open Horizon's. */

/** horizon-armor.yaml: what the bundle is called, and what its sources may name. */
export interface BundleFile {
  readonly name: string;
  readonly version: string;
  /** Below the environment: a default for `${NAME}` in every source. */
  readonly variables?: Readonly<Record<string, string>>;
  /** Key ids that nodes trust beside the publisher's own (another publisher, the next key). */
  readonly trustedKeys?: readonly string[];
  /** Services of the publisher's org that others publish. */
  readonly externalServices?: readonly string[];
}

/** services/<name>/service.yaml: a service definition with the deployment as an object (reference/anax.md §1.1). */
export interface ServiceFile {
  readonly org?: string;
  readonly label: string;
  readonly description?: string;
  readonly documentation?: string;
  readonly public?: boolean;
  readonly url: string;
  readonly version: string;
  /** Several: one service definition each. */
  readonly arch: string | readonly string[];
  readonly sharable: string;
  readonly matchHardware?: Readonly<Record<string, unknown>>;
  readonly requiredServices?: readonly {
    readonly url: string;
    readonly org: string;
    readonly version?: string;
    readonly versionRange?: string;
    readonly arch?: string;
  }[];
  readonly userInput?: readonly {
    readonly name: string;
    readonly label?: string;
    readonly type?: string;
    readonly defaultValue?: string;
  }[];
  readonly deployment: {
    readonly services: Readonly<Record<string, ContainerFile>>;
    readonly [key: string]: unknown;
  };
}

/** One container of a deployment; every other field goes to the node as it is (reference/anax.md §1.3). */
export interface ContainerFile {
  readonly image: string;
  readonly environment?: readonly string[];
  readonly [field: string]: unknown;
}

/** services/<name>/service.policy.yaml. */
export interface ServicePolicyFile {
  readonly label?: string;
  readonly description?: string;
  readonly properties?: readonly Property[];
  readonly constraints?: readonly string[];
}

export interface ServiceVersion {
  readonly version: string;
  readonly priority?: Readonly<Record<string, number>>;
  readonly upgradePolicy?: Readonly<Record<string, string>>;
}

export interface UserInputFile {
  readonly serviceOrgid: string;
  readonly serviceUrl: string;
  readonly serviceArch?: string;
  readonly serviceVersionRange?: string;
  readonly inputs: readonly { readonly name: string; readonly value: unknown }[];
}

/** deployment-policies/<name>.yaml (reference/anax.md §6.1), and what is attached to it. */
export interface DeploymentPolicyFile {
  readonly label: string;
  readonly description?: string;
  readonly service: {
    readonly name: string;
    readonly org: string;
    readonly arch: string;
    readonly serviceVersions: readonly ServiceVersion[];
    readonly nodeHealth?: Readonly<Record<string, number>>;
    readonly clusterNamespace?: string;
  };
  readonly properties?: readonly Property[];
  readonly constraints: readonly string[];
  readonly userInput?: readonly UserInputFile[];
  readonly secretBinding?: readonly Readonly<Record<string, unknown>>[];
  readonly securityPolicies?:
    | readonly Attachment[]
    | { readonly inherit?: boolean; readonly policies: readonly Attachment[] };
}

export interface PolicySection {
  readonly properties?: readonly Property[];
  readonly constraints?: readonly string[];
}

/** node-policies/<name>.yaml (reference/anax.md §6.4), and the security policies that nodes of this profile start with. */
export interface NodePolicyFile extends PolicySection {
  readonly label?: string;
  readonly description?: string;
  readonly deployment?: PolicySection;
  readonly management?: PolicySection;
  readonly securityPolicies?: readonly Attachment[];
}

/** patterns/<name>.yaml (reference/anax.md §6.2). Without `serviceArch`: every architecture of the bundle's service. */
export interface PatternFile {
  readonly label: string;
  readonly description?: string;
  readonly public?: boolean;
  readonly clusterNamespace?: string;
  readonly services: readonly {
    readonly serviceUrl: string;
    readonly serviceOrgid: string;
    readonly serviceArch?: string;
    readonly agreementLess?: boolean;
    readonly serviceVersions: readonly (ServiceVersion & {
      readonly deployment_overrides?: Readonly<Record<string, unknown>>;
    })[];
    readonly dataVerification?: Readonly<Record<string, unknown>>;
    readonly nodeHealth?: Readonly<Record<string, number>>;
  }[];
  readonly userInput?: readonly UserInputFile[];
  readonly secretBinding?: readonly Readonly<Record<string, unknown>>[];
}

/** images.lock.yaml: image as written in a deployment → architecture → `sha256:…`. */
export interface ImagesLockFile {
  readonly images: Readonly<Record<string, Readonly<Record<string, string>>>>;
}

export interface Property {
  readonly name: string;
  readonly value: string | number | boolean | readonly string[];
  readonly type?: 'string' | 'version' | 'boolean' | 'int' | 'float' | 'list of strings';
}

/** One attachment of a security policy, as a deployer writes it (design §4). Exactly one of `use`, `file`. */
export interface Attachment {
  readonly use?: string;
  readonly with?: Readonly<Record<string, unknown>>;
  readonly file?: string;
  /** Container of the deployment, `*` for each; needed only where the service has several, or is not in the bundle. */
  readonly container?: string;
}
