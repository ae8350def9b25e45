import { generateKeyPairSync } from 'node:crypto';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildDist } from '#tools/bundle/build-dist.ts';
import { loadBundle } from '#tools/bundle/load-bundle.ts';
import { inspectDist } from '#tools/bundle/read-dist.ts';
import { render } from '#tools/bundle/render.ts';
import { NOTHING_KNOWN, signPublishable } from '#tools/signing/sign-publishable.ts';
import { signerOf } from '#tools/signing/signer.ts';
import type { BenchLine } from './run.ts';

const SERVICES = 200;
const setting = (value: string) => ({ value, from: 'bench' });
const settings = { org: setting('acme'), variables: new Map([['HZN_ORG_ID', setting('acme')]]) };

/** Build, sign and verify 200 services, each with a service policy and a deployment policy with attachments. */
export async function bench(): Promise<BenchLine[]> {
  const dir = mkdtempSync(join(tmpdir(), 'horizon-armor-bench-'));
  try {
    writeBundle(dir);
    const out = join(dir, 'dist');
    const signer = {
      ...signerOf(generateKeyPairSync('rsa', { modulusLength: 4096 }).privateKey),
      file: '',
      from: '',
      warnings: [],
    };
    const lines: BenchLine[] = [];
    const timed = async <T>(name: string, work: () => T | Promise<T>): Promise<T> => {
      const start = performance.now();
      const result = await work();
      lines.push({ name, value: `${(performance.now() - start).toFixed(0)} ms` });
      return result;
    };
    const bundle = await timed(`load and validate ${SERVICES} services (${SERVICES * 3} files)`, () =>
      loadBundle(dir, settings),
    );
    const rendered = await timed('render', () => render(bundle, signer.keyId));
    await timed(`sign ${rendered.services.length} services and ${rendered.objects.length} policies, RSA 4096`, () =>
      signPublishable(rendered, signer, NOTHING_KNOWN, { unixSeconds: 1 }),
    );
    const sources = { publishable: rendered, warnings: bundle.warnings };
    const options = { sources, signer, out, unixSeconds: 1 };
    await timed('first build: sign, write, pack', () => buildDist(options));
    const { archive, written } = await timed('second build: nothing signed, nothing written', () => buildDist(options));
    if (written.length > 0) throw new Error(`the second build wrote ${written.length} files`);
    await timed('verify the dist', () => inspectDist(out));
    await timed('verify the archive', () => inspectDist(archive));
    return lines;
  } finally {
    rmSync(dir, { recursive: true });
  }
}

function writeBundle(dir: string): void {
  for (const folder of ['services/kubearmor', 'deployment-policies']) mkdirSync(join(dir, folder), { recursive: true });
  cpSync('services/kubearmor/hardening', join(dir, 'services/kubearmor/hardening'), { recursive: true });
  writeFileSync(join(dir, 'horizon-armor.yaml'), 'name: many\nversion: "1.0.0"\n');
  for (let index = 0; index < SERVICES; index += 1) {
    const name = `service-${index}`;
    mkdirSync(join(dir, 'services', name));
    writeFileSync(join(dir, 'services', name, 'service.yaml'), serviceSource(name));
    writeFileSync(
      join(dir, 'services', name, 'service.policy.yaml'),
      'properties: [{ name: kind, value: bench }]\nconstraints: []\n',
    );
    writeFileSync(join(dir, 'deployment-policies', `${name}.yaml`), policySource(name));
  }
}

function serviceSource(name: string): string {
  return `label: ${name}
description: One of many
url: ${name}
version: "1.0.0"
arch: amd64
sharable: multiple
userInput:
  - { name: MODE, label: Mode, type: string, defaultValue: fast }
deployment:
  services:
    ${name}:
      image: example.com/${name}:1.0
      environment: [A=1, B=2]
      ports:
        - { HostPort: "8080:80/tcp" }
      binds:
        - data:/data
`;
}

function policySource(name: string): string {
  return `label: ${name}
service: { name: ${name}, org: "\${HZN_ORG_ID}", arch: "*", serviceVersions: [{ version: 1.0.0, priority: {} }] }
properties: []
constraints:
  - purpose == bench
securityPolicies:
  - use: root-certificates
  - use: file-integrity
    with: { directories: [/etc/, /usr/], action: Audit }
`;
}
