import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { ExecutionContext } from 'ava';
import { ArmorError, ArmorErrors } from '#errors';
import { loadBundle } from '#tools/bundle/load-bundle.ts';
import type { Bundle } from '#tools/bundle/types.ts';
import type { Settings } from '#tools/settings.ts';
import { temporaryDirectory } from '../signing/temporary-directory.ts';

/** A small bundle with one of everything. */
export const SMALL_BUNDLE: Readonly<Record<string, string>> = {
  'horizon-armor.yaml': 'name: small\nversion: "1.0.0"\n',
  'images.lock.yaml': 'images: {}\n',
  'services/web/service.yaml': `label: Web
org: "\${HZN_ORG_ID}"
url: web
version: "1.0.0"
arch: [amd64, arm64]
sharable: multiple
deployment:
  services:
    web: { image: "example.com/web:1.0" }
`,
  'services/web/service.policy.yaml': 'properties: [{ name: kind, value: web }]\n',
  'services/guard/service.yaml': `label: Guard
url: guard
version: "1.0.0"
arch: amd64
sharable: singleton
deployment:
  services:
    security-agent: { image: "example.com/agent:1.0" }
    proxy: { image: "example.com/proxy:1.0" }
`,
  'services/kubearmor/hardening/no-write.yaml': `template:
  id: no-write
  useCase: no-write
  summary: Nobody writes there.
  parameters:
    directories: { type: array, description: where, items: { type: string, format: directory }, default: [/etc/] }
    action: { type: string, description: what, enum: [Audit, Block], default: Block }
  compliance:
    - { framework: MITRE ATT&CK, version: "18.1", id: T1565.001, title: "Data Manipulation: Stored Data Manipulation", source: "https://attack.mitre.org/versions/v18/" }
  references: [{ title: t, url: "https://example.com" }]
apiVersion: security.kubearmor.com/v1
kind: KubeArmorPolicy
metadata: { name: no-write }
spec:
  action: $action
  file:
    matchDirectories: [{ dir: $each(directories), recursive: true, readOnly: true }]
`,
  'services/kubearmor/service.yaml': `label: KubeArmor
url: kubearmor
version: "1.0.0"
arch: amd64
sharable: singleton
deployment: { services: { kubearmor: { image: "example.com/kubearmor:1.0" }, security-agent: { image: "example.com/agent:1.0" } } }
`,
  'deployment-policies/web.yaml': `label: Web
service: { name: web, org: \${HZN_ORG_ID}, arch: "*", serviceVersions: [{ version: 1.0.0 }] }
properties: [{ name: tier, value: front }]
constraints: [purpose == web]
securityPolicies:
  - use: no-write
    with: { directories: [/etc/, /usr/] }
  - file: web/own.yaml
`,
  'deployment-policies/web/own.yaml': `apiVersion: security.kubearmor.com/v1
kind: KubeArmorPolicy
metadata: { name: own }
spec: { action: Block, process: { matchPaths: [{ path: /bin/sh }] } }
`,
  'node-policies/edge.yaml': `properties: [{ name: armor.profile, value: edge }]
securityPolicies:
  - use: no-write
    with: { action: Audit }
  - file: edge/host.yaml
`,
  'node-policies/edge/host.yaml': `apiVersion: security.kubearmor.com/v1
kind: KubeArmorHostPolicy
metadata: { name: host }
spec: { action: Block, process: { matchPaths: [{ path: /usr/bin/nc }] } }
`,
  'patterns/all.yaml': `label: All
services:
  - serviceUrl: web
    serviceOrgid: "\${HZN_ORG_ID}"
    serviceVersions: [{ version: 1.0.0, deployment_overrides: { services: { web: { environment: ["A=1"] } } } }]
  - { serviceUrl: guard, serviceOrgid: "\${HZN_ORG_ID}", serviceVersions: [{ version: 1.0.0 }] }
`,
};

/** Settings of acme, and what else a source may name. */
export function settingsOf(variables: Readonly<Record<string, string>> = {}): Pick<Settings, 'org' | 'variables'> {
  const setting = (value: string) => ({ value, from: 'the environment' });
  return {
    org: setting('acme'),
    variables: new Map(Object.entries(variables).map(([name, value]) => [name, setting(value)])),
  };
}

/** Writes a bundle: the small one, with some files replaced, added (text) or left out (undefined). */
export function writeBundle(t: ExecutionContext, changes: Readonly<Record<string, string | undefined>> = {}): string {
  const dir = temporaryDirectory(t);
  for (const [file, text] of Object.entries({ ...SMALL_BUNDLE, ...changes })) {
    if (text === undefined) continue;
    mkdirSync(dirname(join(dir, file)), { recursive: true });
    if (text.startsWith('-> ')) symlinkSync(text.slice(3), join(dir, file));
    else writeFileSync(join(dir, file), text);
  }
  return dir;
}

/** The bundle that these changes make of the small one. */
export function bundleWith(
  t: ExecutionContext,
  changes: Readonly<Record<string, string | undefined>> = {},
  variables: Readonly<Record<string, string>> = {},
): Promise<Bundle> {
  return loadBundle(writeBundle(t, changes), settingsOf(variables));
}

/** What loading such a bundle complains about, one line each. */
export async function complaints(
  t: ExecutionContext,
  changes: Readonly<Record<string, string | undefined>>,
  variables: Readonly<Record<string, string>> = {},
): Promise<readonly string[]> {
  try {
    await bundleWith(t, changes, variables);
    return [];
  } catch (error) {
    if (error instanceof ArmorErrors) return error.errors.map(String);
    if (error instanceof ArmorError) return [String(error)];
    throw error;
  }
}
