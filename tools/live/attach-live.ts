import { ArmorError, ArmorErrors, type Where } from '#errors';
import { lintPolicy } from '#policy/lint/index.ts';
import { attachPolicies } from '#tools/bundle/attach-policies.ts';
import { type AttachmentPoint, ownPolicyFile, placedAttachments } from '#tools/bundle/attachments.ts';
import { Problems } from '#tools/bundle/problems.ts';
import { readYaml } from '#tools/bundle/read-source.ts';
import type { DeploymentPolicyFile } from '#tools/bundle/source-types.ts';
import type { AttachedPolicies } from '#tools/bundle/types.ts';
import type { Variables } from '#tools/bundle/variables.ts';
import { loadTemplates } from '#tools/catalogue/load-catalogue.ts';
import { constraintFindings } from '#tools/compat/constraint-findings.ts';
import { propertyProblem } from '#tools/compat/property-problems.ts';
import type { LiveSource } from './live-file.ts';

export interface AttachedLive {
  readonly attached: AttachedPolicies;
  /** What lint finds unwise, one line each. */
  readonly warnings: readonly string[];
}

/** What attaching needs to know beside the live policy itself. */
export interface AttachingContext {
  /** The directory whose catalogue is meant. */
  readonly catalogue: string;
  readonly variables: Variables;
  /** Containers of the service, from its definition; undefined where nobody could say. */
  readonly containers?: readonly string[];
}

/**
 * The policies of a live policy: templates instantiated, own files read, selectors filled in, linted.
 *
 * @throws ArmorErrors SOURCE_INVALID for everything that is wrong, what lint calls an error included
 */
export async function attachLive(
  name: string,
  source: LiveSource,
  org: string,
  { catalogue, variables, containers }: AttachingContext,
): Promise<AttachedLive> {
  const point = attachmentPoint(name, source, org, containers);
  const uses = point.attachments.flatMap(({ attachment: { use } }) => use ?? []);
  const files = point.attachments.flatMap(({ attachment: { file } }) =>
    file === undefined ? [] : [ownPolicyFile(point.source.file, file)],
  );
  const [templates, own] = await Promise.all([
    loadTemplates(catalogue, uses),
    Promise.all(files.map(async (file) => [file, await readYaml(source.root, file, variables)] as const)),
  ]);
  const problems = new Problems();
  const remarks = [...checkPlacement(source, problems), ...checkHost(point, problems)];
  const attached = await attachPolicies(point, { ...templates, ownPolicies: new Map(own) }, problems);
  problems.throwIfAny();
  if (attached === undefined) {
    const fix = 'Attach at least one; hzn-armor policy delete ends a live policy.';
    throw new ArmorError('SOURCE_INVALID', 'it carries no policy', { file: source.file }, fix);
  }
  return { attached, warnings: [...remarks, ...lint(attached, source.file)] };
}

/**
 * The Exchange and the CSS take any constraint and any property; agbot and nodes then never match (reference/anax.md §6).
 *
 * @returns what is unwise, one line each
 */
function checkPlacement({ file, locate, value }: LiveSource, problems: Problems): string[] {
  const { properties = [], constraints = [] } = value;
  for (const [index, property] of properties.entries()) {
    const found = propertyProblem(property);
    if (found !== undefined) problems.add(invalid(found, { file, ...locate(['properties', index, 'value']) }));
  }
  const findings = constraintFindings(constraints);
  for (const { severity, index, ...found } of findings)
    if (severity === 'error') problems.add(invalid(found, { file, ...locate(['constraints', index]) }));
  return findings.filter(({ severity }) => severity === 'warning').map(({ message }) => message);
}

/** What only a service has, on a policy for the nodes themselves. @returns what is unwise, one line each */
function checkHost(
  { kind, attachments, inherit, source: { file, locate } }: AttachmentPoint,
  problems: Problems,
): string[] {
  if (kind !== 'node') return [];
  for (const { attachment, path } of attachments) {
    if (attachment.container === undefined) continue;
    const found = { message: 'a policy for the nodes has no container', fix: 'Name a service, or remove container.' };
    problems.add(invalid(found, { file, ...locate([...path, 'container']) }));
  }
  return inherit ? [] : ['inherit: false switches every node default off, wherever this policy goes'];
}

function invalid({ message, fix }: { readonly message: string; readonly fix: string }, where: Where): ArmorError {
  return new ArmorError('SOURCE_INVALID', message, where, fix);
}

/** A live policy is attached like a deployment's, or, for the host, like a node's. */
function attachmentPoint(
  name: string,
  { file, locate, value }: LiveSource,
  org: string,
  containers: readonly string[] | undefined,
): AttachmentPoint {
  const { service, host, constraints = [], securityPolicies, description: label = name } = value;
  const asDeployment: DeploymentPolicyFile = {
    label,
    service: {
      name: service?.name ?? '*',
      org: service?.org ?? org,
      arch: service?.arch ?? '*',
      serviceVersions: [],
    },
    constraints,
    securityPolicies,
  };
  return {
    source: { name, file, locate, value: asDeployment },
    kind: host === true ? 'node' : 'deployment',
    ...placedAttachments(asDeployment),
    ...(containers !== undefined && { containers }),
  };
}

function lint({ policies }: AttachedPolicies, file: string): string[] {
  const findings = policies.flatMap((policy) =>
    lintPolicy(policy, { enforcer: 'bpf' }).map((finding) => ({ ...finding, policy: policy.metadata.name })),
  );
  const errors = findings
    .filter(({ severity }) => severity === 'error')
    .map(
      ({ policy, rule, message, fix }) =>
        new ArmorError('SOURCE_INVALID', `${policy}: ${message} (${rule})`, { file }, fix),
    );
  const [first, ...rest] = errors;
  if (first !== undefined) throw new ArmorErrors([first, ...rest]);
  return findings
    .filter(({ severity }) => severity === 'warning')
    .map(({ policy, rule, message }) => `${policy}: ${message} (${rule})`);
}
