/** Small definitions around the few lines that an example is about. */

/** A service with one container. Lines are added to the definition, and to the container with six spaces in front. */
export function service(lines = '', container = ''): string {
  return `label: Web
url: web
version: "1.0.0"
arch: amd64
sharable: multiple
${lines}deployment:
  services:
    web:
      image: registry.example.org/web:1.2.3
      log_driver: json-file
      max_memory_mb: 256
${container}`;
}

/** A deployment policy; `serviceLines` with two spaces in front. */
export function deploymentPolicy(lines = '', constraint = 'purpose == web'): string {
  return `label: Web
service:
  name: web
  org: acme
  arch: "*"
  serviceVersions:
    - version: "1.0.0"
      priority: {}
${lines}constraints:
  - ${constraint}
`;
}

/** A pattern with one service; lines are added to its version, with eight spaces in front. */
export function pattern(lines = ''): string {
  return `label: Web
public: false
services:
  - serviceUrl: web
    serviceOrgid: acme
    serviceArch: amd64
    serviceVersions:
      - version: "1.0.0"
${lines}`;
}

/** A node policy with one property. */
export function nodePolicy(property: string, lines = ''): string {
  return `properties:
  - ${property}
${lines}deployment:
  properties: []
  constraints: []
`;
}

/** Metadata of an MMS object, as the CSS takes it. */
export function objectMeta(changed: Readonly<Record<string, unknown>> = {}): string {
  const meta = {
    objectID: 'web-settings',
    objectType: 'settings',
    destinationOrgID: 'acme',
    version: '1',
    consumers: -1,
    destinationPolicy: {
      properties: [],
      constraints: ['purpose == web'],
      services: [{ orgID: 'acme', arch: '*', serviceName: 'web', version: '[1.0.0,INFINITY)' }],
    },
    ...changed,
  };
  return `${JSON.stringify({ meta }, null, 2)}\n`;
}
