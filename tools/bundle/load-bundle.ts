import { realpath } from 'node:fs/promises';
import { basename } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { ArmorError } from '#errors';
import type { LocatedYaml } from '#policy/located-yaml.ts';
import type { Settings } from '#tools/settings.ts';
import { attachPolicies } from './attach-policies.ts';
import { type Attachables, type AttachmentPoint, placedAttachments } from './attachments.ts';
import { BundleReader } from './bundle-reader.ts';
import { environmentOf, requireOrg } from './bundle-variables.ts';
import { checkReferences } from './check-references.ts';
import { unlockedImages } from './images.ts';
import { ANY_HOST } from './own-policy.ts';
import { Problems } from './problems.ts';
import { readSource } from './read-source.ts';
import { SourceRecorder } from './source-record.ts';
import type { BundleFile } from './source-types.ts';
import type { AttachedPolicies, Bundle, BundledService, Warning } from './types.ts';

export const BUNDLE_FILE = 'horizon-armor.yaml';

/**
 * Reads a bundle: every source resolved and validated, everything attached instantiated, all references checked.
 *
 * @param dir the directory of horizon-armor.yaml
 * @param recorder notes what was looked at
 * @throws ArmorErrors with everything that is wrong, each with file, line, column and fix
 */
export async function loadBundle(
  dir: string,
  settings: Pick<Settings, 'org' | 'variables'>,
  recorder = new SourceRecorder(),
): Promise<Bundle> {
  const root = await realpath(dir).catch(() => dir);
  const environment = environmentOf(settings);
  const file = await readSource(root, BUNDLE_FILE, 'horizon-armor', recorder.watching(environment), recorder).catch(
    (error: unknown) => {
      throw error instanceof ArmorError && error.code === 'SOURCE_MISSING' ? noBundle(dir) : error;
    },
  );
  const variables = recorder.watching(new Map([...Object.entries(file.value.variables ?? {}), ...environment]));
  const org = requireOrg(variables);
  const problems = new Problems();
  const reader = new BundleReader(root, variables, problems, recorder);
  const services = await reader.services();
  // A service that can not be read is not missing: what names it is not at fault.
  const servicesKnown = problems.none;
  const [deploymentPolicies, nodePolicies, patterns, images] = await Promise.all([
    reader.all('deployment-policies', 'deployment-policy'),
    reader.all('node-policies', 'node-policy'),
    reader.all('patterns', 'pattern'),
    reader.lock(),
  ]);
  const points = [
    ...deploymentPolicies.map((source) => deploymentPoint(source, services, org, file.value)),
    ...nodePolicies.map((source): AttachmentPoint => ({ kind: 'node', source, ...placedAttachments(source.value) })),
  ].filter(({ attachments }) => attachments.length > 0);
  const attachables = await reader.attachables(points);
  const attached = await attachAll(points, attachables, problems);
  const sources = {
    dir: root,
    org,
    settings: file,
    services,
    deploymentPolicies,
    nodePolicies,
    patterns,
    images,
    attached,
  };
  const references = checkReferences(sources, servicesKnown);
  problems.add(...references.problems);
  problems.throwIfAny();
  const warnings = [
    ...references.warnings,
    ...unlockedImages(services, images),
    ...[...attachables.ownPolicies].flatMap(([path, yaml]) => replacedSelector(path, yaml)),
  ];
  return { ...sources, warnings };
}

function noBundle(dir: string): ArmorError {
  return new ArmorError(
    'SOURCE_MISSING',
    `there is no bundle in ${dir}`,
    { file: BUNDLE_FILE },
    'Run in the bundle’s directory, or name it with --bundle.',
  );
}

function deploymentPoint(
  source: Bundle['deploymentPolicies'][number],
  services: readonly BundledService[],
  org: string,
  { externalServices = [] }: BundleFile,
): AttachmentPoint {
  const point = { kind: 'deployment', source, ...placedAttachments(source.value) } as const;
  const { name, org: owner } = source.value.service;
  if (owner !== org || externalServices.includes(name)) return point;
  const service = services.find(({ definition }) => definition.value.url === name)?.definition.value;
  if (service === undefined) return { ...point, serviceMissing: true };
  return { ...point, containers: Object.keys(service.deployment.services) };
}

async function attachAll(
  points: readonly AttachmentPoint[],
  attachables: Attachables,
  problems: Problems,
): Promise<Map<string, AttachedPolicies>> {
  const attached = await Promise.all(
    points.map(async (point): Promise<[string, AttachedPolicies][]> => {
      const policies = await attachPolicies(point, attachables, problems);
      return policies === undefined ? [] : [[point.source.file, policies]];
    }),
  );
  return new Map(attached.flat());
}

/** Written for another world, most likely: say that it is not what counts here. */
function replacedSelector(file: string, { value, locate }: LocatedYaml): Warning[] {
  const spec = isRecord(value) && isRecord(value.spec) ? value.spec : {};
  const key = ['selector', 'nodeSelector'].find((name) => name in spec);
  if (key === undefined || isDeepStrictEqual(spec[key], ANY_HOST)) return [];
  const message = `the ${key} of ${basename(file)} is replaced: attaching the policy says whom it protects`;
  return [{ file, ...locate(['spec', key]), message, fix: 'Remove it.' }];
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}
