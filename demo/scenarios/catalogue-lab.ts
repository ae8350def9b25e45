import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { stringify } from 'yaml';
import type { CatalogueEntry } from '#tools/catalogue/load-catalogue.ts';

/** Name of the service and of the deployment policy that the lab adds to a bundle. */
export const LAB = 'catalogue-lab';

/**
 * Adds a workload with one container for each container template of the catalogue to a copy of the bundle, and attaches
 * each template to its container: what a deployer would write to try them all.
 */
export async function addCatalogueLab(
  bundleDir: string,
  catalogue: readonly CatalogueEntry[],
): Promise<CatalogueEntry[]> {
  const entries = catalogue.filter(({ template }) => template.kind === 'KubeArmorPolicy');
  const service = {
    label: 'Catalogue lab',
    description: 'One container for each hardening template, to be attacked.',
    url: LAB,
    version: '1.0.0',
    arch: ['amd64'],
    sharable: 'multiple',
    deployment: {
      services: Object.fromEntries(entries.map(({ template }) => [template.id, { image: 'busybox:1.37' }])),
    },
  };
  const policy = {
    label: 'Catalogue lab',
    description: 'Every container template of the catalogue, each on a container of its own.',
    // biome-ignore lint/suspicious/noTemplateCurlyInString: the bundle's own variable, resolved by the build
    service: { name: LAB, org: '${HZN_ORG_ID}', arch: '*', serviceVersions: [{ version: '1.0.0', priority: {} }] },
    properties: [],
    constraints: ['purpose == automation'],
    securityPolicies: entries.map(({ template, tests }) => ({
      use: template.id,
      container: template.id,
      ...(Object.keys(tests.with).length === 0 ? {} : { with: tests.with }),
    })),
  };
  await mkdir(join(bundleDir, 'services', LAB), { recursive: true });
  await writeFile(join(bundleDir, 'services', LAB, 'service.yaml'), stringify(service));
  await writeFile(join(bundleDir, 'deployment-policies', `${LAB}.yaml`), stringify(policy));
  return entries;
}
