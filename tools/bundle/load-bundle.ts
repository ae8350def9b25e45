import { realpath } from 'node:fs/promises';
import { basename } from 'node:path';
import { ArmorError } from '#errors';
import type { LocatedYaml } from '#policy/located-yaml.ts';
import { parseTemplate, type Template } from '#policy/template.ts';
import type { Settings } from '#tools/settings.ts';
import { attachPolicies } from './attach-policies.ts';
import {
  type Attachables,
  type AttachmentPoint,
  ownPolicyFile,
  placedAttachments,
  templateFile,
} from './attachments.ts';
import { checkReferences } from './check-references.ts';
import { unlockedImages } from './images.ts';
import { Problems } from './problems.ts';
import { readSource, readYaml } from './read-source.ts';
import { HARDENING, listServices, listSources, type SourceFile } from './source-files.ts';
import { readSourceText } from './source-text.ts';
import type { BundleFile, ImagesLockFile } from './source-types.ts';
import type { AttachedPolicies, Bundle, BundledService, Named, Source, Warning } from './types.ts';
import type { SourceKind, SourceKinds } from './validators.ts';
import type { Variables } from './variables.ts';

export const BUNDLE_FILE = 'horizon-armor.yaml';
export const LOCK_FILE = 'images.lock.yaml';

/**
 * Reads a bundle: every source resolved and validated, everything attached instantiated, all references checked.
 *
 * @param dir the directory of horizon-armor.yaml
 * @throws ArmorErrors with everything that is wrong, each with file, line, column and fix
 */
export async function loadBundle(dir: string, settings: Pick<Settings, 'org' | 'variables'>): Promise<Bundle> {
  const root = await realpath(dir).catch(() => dir);
  const environment = environmentOf(settings);
  const file = await readSource(root, BUNDLE_FILE, 'horizon-armor', environment).catch((error: unknown) => {
    throw error instanceof ArmorError && error.code === 'SOURCE_MISSING' ? noBundle(dir) : error;
  });
  const variables = new Map([...Object.entries(file.value.variables ?? {}), ...environment]);
  return readBundle(root, file, requireOrg(variables), variables);
}

async function readBundle(
  root: string,
  settings: Source<BundleFile>,
  org: string,
  variables: Variables,
): Promise<Bundle> {
  const problems = new Problems();
  const all = <Kind extends SourceKind>(folder: string, kind: Kind) => readAll(root, folder, kind, variables, problems);
  const services = await readServices(root, variables, problems);
  // A service that can not be read is not missing: what names it is not at fault.
  const servicesKnown = problems.none;
  const [deploymentPolicies, nodePolicies, patterns, images] = await Promise.all([
    all('deployment-policies', 'deployment-policy'),
    all('node-policies', 'node-policy'),
    all('patterns', 'pattern'),
    readLock(root, variables, problems),
  ]);
  const points = [
    ...deploymentPolicies.map((source) => deploymentPoint(source, services, org, settings.value)),
    ...nodePolicies.map((source): AttachmentPoint => ({ kind: 'node', source, ...placedAttachments(source.value) })),
  ].filter(({ attachments }) => attachments.length > 0);
  const attachables = await readAttachables(root, points, variables, problems);
  const attached = await attachAll(points, attachables, problems);
  const sources = { dir: root, org, settings, services, deploymentPolicies, nodePolicies, patterns, images, attached };
  const references = checkReferences(sources, servicesKnown);
  problems.add(...references.problems);
  problems.throwIfAny();
  const warnings = [
    ...references.warnings,
    ...unlockedImages(services, images),
    ...[...attachables.ownPolicies].flatMap(([file, yaml]) => replacedSelector(file, yaml)),
  ];
  return { ...sources, warnings };
}

/** What a source may name: the environment, and the org from wherever hzn has it. */
function environmentOf({ org, variables }: Pick<Settings, 'org' | 'variables'>): Variables {
  const values = [...variables].map(([name, { value }]): [string, string] => [name, value]);
  return new Map(org === undefined ? values : [['HZN_ORG_ID', org.value], ...values]);
}

function requireOrg(variables: Variables): string {
  const org = variables.get('HZN_ORG_ID');
  if (org !== undefined && org !== '') return org;
  throw new ArmorError(
    'SETTING_MISSING',
    'the organization is not known: HZN_ORG_ID is not set',
    { request: 'settings' },
    `Set HZN_ORG_ID in the environment or ~/.hzn/hzn.json, or under variables in ${BUNDLE_FILE}.`,
  );
}

function noBundle(dir: string): ArmorError {
  return new ArmorError(
    'SOURCE_MISSING',
    `there is no bundle in ${dir}`,
    { file: BUNDLE_FILE },
    'Run in the bundle’s directory, or name it with --bundle.',
  );
}

async function readAll<Kind extends SourceKind>(
  root: string,
  folder: string,
  kind: Kind,
  variables: Variables,
  problems: Problems,
): Promise<Named<SourceKinds[Kind]>[]> {
  const files = await listSources(root, folder, problems);
  const sources = await Promise.all(files.map((file) => readNamed(root, file, kind, variables, problems)));
  return sources.flatMap((source) => source ?? []);
}

async function readNamed<Kind extends SourceKind>(
  root: string,
  { file, name }: SourceFile,
  kind: Kind,
  variables: Variables,
  problems: Problems,
): Promise<Named<SourceKinds[Kind]> | undefined> {
  const source = await problems.gather(() => readSource(root, file, kind, variables));
  return source === undefined ? undefined : { ...source, name };
}

async function readServices(root: string, variables: Variables, problems: Problems): Promise<BundledService[]> {
  const files = await listServices(root, problems);
  const services = await Promise.all(
    files.map(async ({ policyFile, ...file }): Promise<BundledService[]> => {
      const [definition, policy] = await Promise.all([
        readNamed(root, file, 'service', variables, problems),
        policyFile === undefined
          ? undefined
          : problems.gather(() => readSource(root, policyFile, 'service-policy', variables)),
      ]);
      return definition === undefined ? [] : [{ definition, ...(policy && { policy }) }];
    }),
  );
  return services.flat();
}

/** A bundle without a lock has locked nothing: each image is then warned about. */
async function readLock(root: string, variables: Variables, problems: Problems): Promise<Source<ImagesLockFile>> {
  const none: Source<ImagesLockFile> = {
    file: LOCK_FILE,
    value: { images: {} },
    locate: () => ({ line: 1, column: 1 }),
  };
  const lock = await problems.gather(() =>
    readSource(root, LOCK_FILE, 'images-lock', variables).catch((error: unknown) => {
      if (error instanceof ArmorError && error.code === 'SOURCE_MISSING') return none;
      throw error;
    }),
  );
  return lock ?? none;
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

/** Reads each template and own policy that something attaches, once. */
async function readAttachables(
  root: string,
  points: readonly AttachmentPoint[],
  variables: Variables,
  problems: Problems,
): Promise<Attachables> {
  const templateIds = (await listSources(root, HARDENING, problems)).map(({ name }) => name);
  const attachments = points.flatMap((point) => point.attachments.map(({ attachment }) => ({ point, attachment })));
  const used = unique(
    attachments.flatMap(({ attachment: { use } }) => (use !== undefined && templateIds.includes(use) ? [use] : [])),
  );
  const files = unique(
    attachments.flatMap(({ point, attachment: { file } }) =>
      file === undefined ? [] : [ownPolicyFile(point.source.file, file)],
    ),
  );
  const read = async (id: string): Promise<[string, Template]> => {
    const file = templateFile(id);
    return [id, parseTemplate(await readSourceText(root, file), file)];
  };
  const [templates, ownPolicies] = await Promise.all([
    Promise.all(used.map((id) => problems.gather(() => read(id)))),
    Promise.all(
      files.map((file) =>
        problems.gather(async (): Promise<[string, LocatedYaml]> => [file, await readYaml(root, file, variables)]),
      ),
    ),
  ]);
  return {
    templates: new Map(templates.flatMap((entry) => (entry === undefined ? [] : [entry]))),
    templateIds,
    ownPolicies: new Map(ownPolicies.flatMap((entry) => (entry === undefined ? [] : [entry]))),
  };
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
  const spec = typeof value === 'object' && value !== null && 'spec' in value ? value.spec : undefined;
  const key = ['selector', 'nodeSelector'].find((name) => typeof spec === 'object' && spec !== null && name in spec);
  if (key === undefined) return [];
  const message = `the ${key} of ${basename(file)} is replaced: attaching the policy says whom it protects`;
  return [{ file, ...locate(['spec', key]), message, fix: 'Remove it.' }];
}

function unique(values: readonly string[]): string[] {
  return [...new Set(values)];
}
