import type { DefinitionKind } from './definition.ts';

/** What a field holds. `text or texts` and the like name the choices. */
export type FieldType =
  | 'text'
  | 'texts'
  | 'flag'
  | 'integer'
  | 'number'
  | 'list'
  | 'map'
  | 'any'
  | 'deployment'
  | 'arch';

/** The fields of a map: which there are, which must be there, what those below them look like. */
export interface Shape {
  readonly fields: Readonly<Record<string, FieldType>>;
  readonly required?: readonly string[];
  /** Of the items of a list, or of the map itself, by field. */
  readonly below?: Readonly<Record<string, Shape>>;
}

const property: Shape = { fields: { name: 'text', value: 'any', type: 'text' }, required: ['name', 'value'] };
const policySection: Shape = { fields: { properties: 'list', constraints: 'texts' }, below: { properties: property } };

const nodeHealth: Shape = { fields: { missing_heartbeat_interval: 'integer', check_agreement_status: 'integer' } };
const priority: Shape = {
  fields: { priority_value: 'integer', retries: 'integer', retry_durations: 'integer', verified_durations: 'integer' },
};

const userInput: Shape = {
  fields: {
    serviceOrgid: 'text',
    serviceUrl: 'text',
    serviceArch: 'text',
    serviceVersionRange: 'text',
    inputs: 'list',
  },
  required: ['serviceOrgid', 'serviceUrl', 'inputs'],
  below: { inputs: { fields: { name: 'text', value: 'any' }, required: ['name', 'value'] } },
};

const secretBinding: Shape = {
  fields: {
    ...{ serviceOrgid: 'text', serviceUrl: 'text', serviceArch: 'text', serviceVersionRange: 'text' },
    ...{ enableNodeLevelSecrets: 'flag', secrets: 'list' },
  },
  required: ['serviceOrgid', 'serviceUrl', 'secrets'],
};

const service: Shape = {
  fields: {
    ...{ org: 'text', label: 'text', description: 'text', documentation: 'text', public: 'flag', url: 'text' },
    ...{ version: 'text', arch: 'arch', sharable: 'text', matchHardware: 'map', imageStore: 'map' },
    ...{ requiredServices: 'list', userInput: 'list', deployment: 'deployment', deploymentSignature: 'text' },
    ...{ clusterDeployment: 'deployment', clusterDeploymentSignature: 'text' },
  },
  required: ['label', 'url', 'version', 'arch', 'sharable'],
  below: {
    requiredServices: {
      fields: { url: 'text', org: 'text', arch: 'text', version: 'text', versionRange: 'text' },
      required: ['url', 'org'],
    },
    userInput: { fields: { name: 'text', label: 'text', type: 'text', defaultValue: 'any' }, required: ['name'] },
  },
};

const deploymentPolicy: Shape = {
  fields: {
    ...{ label: 'text', description: 'text', service: 'map', properties: 'list', constraints: 'texts' },
    ...{ userInput: 'list', secretBinding: 'list', securityPolicies: 'any' },
  },
  required: ['label', 'service'],
  below: {
    service: {
      fields: {
        ...{ name: 'text', org: 'text', arch: 'text', serviceVersions: 'list', nodeHealth: 'map' },
        clusterNamespace: 'text',
      },
      required: ['name', 'org', 'arch', 'serviceVersions'],
      below: {
        nodeHealth,
        serviceVersions: {
          fields: { version: 'text', priority: 'map', upgradePolicy: 'map' },
          required: ['version'],
          below: { priority },
        },
      },
    },
    properties: property,
    userInput,
    secretBinding,
  },
};

const pattern: Shape = {
  fields: {
    ...{ name: 'text', org: 'text', label: 'text', description: 'text', public: 'flag', clusterNamespace: 'text' },
    ...{ services: 'list', agreementProtocols: 'list', userInput: 'list', secretBinding: 'list' },
  },
  required: ['label', 'services'],
  below: {
    services: {
      fields: {
        ...{ serviceUrl: 'text', serviceOrgid: 'text', serviceArch: 'text', agreementLess: 'flag' },
        ...{ serviceVersions: 'list', dataVerification: 'map', nodeHealth: 'map' },
      },
      required: ['serviceUrl', 'serviceOrgid', 'serviceVersions'],
      below: {
        nodeHealth,
        serviceVersions: {
          fields: {
            ...{ version: 'text', deployment_overrides: 'deployment', deployment_overrides_signature: 'text' },
            ...{ priority: 'map', upgradePolicy: 'map' },
          },
          required: ['version'],
          below: { priority },
        },
      },
    },
    userInput,
    secretBinding,
  },
};

const nodePolicy: Shape = {
  fields: {
    ...{ label: 'text', description: 'text', properties: 'list', constraints: 'texts', deployment: 'map' },
    ...{ management: 'map', nodePolicyVersion: 'text', securityPolicies: 'any' },
  },
  below: { properties: property, deployment: policySection, management: policySection },
};

/** anax also knows agentImagePolicy; the Exchange answers 400 to it. */
const managementPolicy: Shape = {
  fields: {
    ...{ label: 'text', description: 'text', constraints: 'texts', properties: 'list', patterns: 'texts' },
    ...{ enabled: 'flag', start: 'text', startWindow: 'integer', agentUpgradePolicy: 'map' },
  },
  required: ['label', 'enabled'],
  below: {
    properties: property,
    agentUpgradePolicy: { fields: { manifest: 'text', allowDowngrade: 'flag' } },
  },
};

const mmsObject: Shape = {
  fields: {
    ...{ objectID: 'text', objectType: 'text', destinationOrgID: 'text', destinationID: 'text' },
    ...{ destinationType: 'text', destinationsList: 'texts', destinationPolicy: 'map', expiration: 'text' },
    ...{ version: 'text', description: 'text', link: 'text', inactive: 'flag', activationTime: 'text', noData: 'flag' },
    ...{ metaOnly: 'flag', destinationDataUri: 'text', sourceDataUri: 'text', consumers: 'integer' },
    ...{ autodelete: 'flag', originID: 'text', originType: 'text', deleted: 'flag', instanceID: 'integer' },
    ...{ dataID: 'integer', objectSize: 'integer', chunkSize: 'integer', uploadChunkSize: 'integer' },
    ...{ hashAlgorithm: 'text', publicKey: 'text', signature: 'text', public: 'flag', ownerID: 'text' },
  },
  required: ['objectID', 'objectType'],
  below: {
    destinationPolicy: {
      fields: { properties: 'list', constraints: 'texts', services: 'list', timestamp: 'integer' },
      below: {
        properties: property,
        services: {
          fields: { orgID: 'text', arch: 'text', serviceName: 'text', version: 'text' },
          required: ['orgID', 'arch', 'serviceName', 'version'],
        },
      },
    },
  },
};

/** The shape of a definition; of user input, that of one item. */
export const SHAPES: Readonly<Record<DefinitionKind, Shape>> = {
  service,
  'deployment policy': deploymentPolicy,
  pattern,
  'node policy': nodePolicy,
  policy: nodePolicy,
  'management policy': managementPolicy,
  'user input': userInput,
  'MMS object': mmsObject,
};

/** Of one container of a deployment (containermessage/models.go Service). */
export const CONTAINER: Shape = {
  fields: {
    ...{ image: 'text', variation_label: 'text', privileged: 'flag', network: 'text', environment: 'texts' },
    ...{ cap_add: 'texts', command: 'texts', entrypoint: 'texts', devices: 'texts', network_isolation: 'map' },
    ...{ binds: 'texts', tmpfs: 'map', ports: 'list', ephemeral_ports: 'list', specific_ports: 'list' },
    ...{ max_memory_mb: 'integer', max_cpus: 'number', log_driver: 'text', secrets: 'map', security_opt: 'texts' },
    ...{ pid: 'text', user: 'text', sysctls: 'map', ipc: 'text' },
  },
  required: ['image'],
  below: {
    ports: { fields: { HostPort: 'text', HostIP: 'text', HostIp: 'text' }, required: ['HostPort'] },
    specific_ports: { fields: { HostPort: 'text', HostIP: 'text', HostIp: 'text' }, required: ['HostPort'] },
    ephemeral_ports: { fields: { localhost_only: 'flag', port_and_protocol: 'text' }, required: ['port_and_protocol'] },
  },
};

/** Of a deployment. `overrides` and `service_pattern` are looked at by nobody here. */
export const DEPLOYMENT: Shape = {
  fields: { services: 'map', overrides: 'map', service_pattern: 'map', infrastructure: 'flag' },
};
