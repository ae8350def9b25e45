import { serviceId } from '#tools/bundle/service-id.ts';
import type { Property } from '#tools/bundle/types.ts';
import { constraintReasons } from './constraint-reasons.ts';
import { privilegedContainers, unboundSecrets } from './deployment.ts';
import type { Reason, ReasonPlace } from './reason.ts';
import { resolveRequired } from './required-services.ts';
import type { DeploymentTerms, NodeTerms, PolicyTerms, ServiceTerms } from './terms.ts';
import { userInputProblems } from './user-input.ts';

export interface Compatibility {
  readonly compatible: boolean;
  /** The service definition that would run, as `org/id`. */
  readonly service?: string;
  /** Why none would; empty when one does. */
  readonly reasons: readonly Reason[];
  /** Comparisons with properties that only the registered node knows (memory, cpu …): taken to hold. */
  readonly assumed: readonly string[];
}

export interface CompatibilityQuestion {
  readonly deployment: DeploymentTerms;
  readonly node: NodeTerms;
  /** Every service definition that there is: of the bundle, of the hub. */
  readonly services: readonly ServiceTerms[];
}

/** A node's properties that the agent sets by itself (reference/anax.md §6.5). */
const SET_BY_AGENT = ['cpu', 'memory', 'arch', 'hardwareId', 'operatingSystem', 'containerized'].map(
  (name) => `openhorizon.${name}`,
);
const ALLOW_PRIVILEGED = 'openhorizon.allowPrivileged';

/**
 * Whether an agreement forms, decided as the agbot does (reference/anax.md §6.8): the first service version of the
 * policy for which architecture, type, privileges, constraints of both sides, user input and secrets agree. Device
 * nodes under policy only.
 */
export function compatibility({ deployment, node, services }: CompatibilityQuestion): Compatibility {
  const candidates = candidatesOf(deployment, node, services);
  if ('reason' in candidates) return { compatible: false, reasons: [candidates.reason], assumed: [] };
  const judged = candidates.found.map((service) => judge(service, deployment, node, services));
  const fitting = judged.find(({ reasons }) => reasons.length === 0);
  if (fitting !== undefined)
    return { compatible: true, service: idOf(fitting.service), reasons: [], assumed: fitting.assumed };
  const reasons = judged.flatMap((each) => each.reasons);
  return { compatible: false, reasons: distinct([...candidates.missing, ...reasons]), assumed: [] };
}

type Candidates =
  | { readonly reason: Reason }
  | { readonly found: readonly ServiceTerms[]; readonly missing: readonly Reason[] };

function candidatesOf(deployment: DeploymentTerms, node: NodeTerms, services: readonly ServiceTerms[]): Candidates {
  const { org, name, arch, versions } = deployment.service;
  const any = arch === '' || arch === '*';
  if (!any && node.arch !== undefined && node.arch !== arch)
    return {
      reason: {
        which: 'arch',
        text: `the policy deploys to ${arch}, and the node is ${node.arch}`,
        fix: 'Write arch: "*", or publish the service for that architecture as well.',
        where: { side: 'deployment', path: ['service', 'arch'] },
      },
    };
  const wanted = any ? node.arch : arch;
  const found: ServiceTerms[] = [];
  const missing: Reason[] = [];
  for (const [i, version] of versions.entries()) {
    const matching = services.filter(
      (each) =>
        each.org === org &&
        each.url === name &&
        each.version === version &&
        (wanted === undefined || each.arch === wanted),
    );
    found.push(...matching);
    if (matching.length === 0) missing.push(noSuchVersion(deployment, i, wanted));
  }
  const [first] = missing;
  return found.length === 0 && first !== undefined ? { reason: first } : { found, missing };
}

function noSuchVersion({ service }: DeploymentTerms, index: number, arch: string | undefined): Reason {
  const version = service.versions[index] ?? '';
  return {
    which: 'version',
    text: `there is no service ${service.org}/${service.name} ${version}${arch === undefined ? '' : ` for ${arch}`}`,
    fix: 'Write the version exactly as the service has it (1.0 is not 1.0.0), or publish that service first.',
    where: { side: 'deployment', path: ['service', 'serviceVersions', index, 'version'] },
  };
}

interface Judgement {
  readonly service: ServiceTerms;
  readonly reasons: readonly Reason[];
  readonly assumed: readonly string[];
}

function judge(
  service: ServiceTerms,
  deployment: DeploymentTerms,
  node: NodeTerms,
  services: readonly ServiceTerms[],
): Judgement {
  const id = idOf(service);
  const { required, missing } = resolveRequired(service, services);
  const all = [service, ...required];
  const reasons: Reason[] = missing.map(({ index, text }) => ({
    which: 'version',
    text,
    fix: 'Publish it first, or correct the version range.',
    where: { side: 'service', service: id, path: ['requiredServices', index] },
  }));
  if (service.deployment === '')
    reasons.push({
      which: 'service',
      text: `${id} has no deployment for devices`,
      fix: 'Give the service a deployment.',
      where: { side: 'service', service: id, path: ['deployment'] },
    });
  const privileged = all.find(({ deployment: text }) => privilegedContainers(text).length > 0);
  if (privileged !== undefined && !allowsPrivileges(node)) reasons.push(privilegeReason(privileged));
  const offered = offeredProperties(service, deployment, privileged !== undefined);
  const asked = askedOfNode(service, deployment, node);
  reasons.push(...asked.reasons, ...askedOfDeployment(node, offered));
  for (const each of all) {
    for (const { text, fix } of userInputProblems(each, deployment.userInput, node.userInput))
      reasons.push({ which: 'input', text, fix, where: { side: 'deployment', path: ['userInput'] } });
    for (const secret of unboundSecrets(each, deployment.secretBinding))
      reasons.push({
        which: 'secret',
        text: `secret ${secret} of ${idOf(each)} is not bound`,
        fix: 'Bind it under secretBinding.',
        where: { side: 'deployment', path: ['secretBinding'] },
      });
  }
  return { service, reasons, assumed: asked.assumed };
}

function askedOfNode(
  service: ServiceTerms,
  deployment: DeploymentTerms,
  node: NodeTerms,
): { reasons: Reason[]; assumed: string[] } {
  const properties = nodeProperties(node);
  const unknown = SET_BY_AGENT.filter((name) => !properties.some((property) => property.name === name));
  const ask = (terms: PolicyTerms, place: Omit<ReasonPlace, 'path'>) =>
    constraintReasons(terms.constraints, properties, { asker: place, other: 'node', unknown });
  const byPolicy = ask(deployment, { side: 'deployment' });
  const byService = ask(service.policy, { side: 'service', service: idOf(service) });
  return {
    reasons: [...byPolicy.reasons, ...byService.reasons],
    assumed: [...byPolicy.assumed, ...byService.assumed],
  };
}

function askedOfDeployment(node: NodeTerms, offered: readonly Property[]): readonly Reason[] {
  return constraintReasons(node.constraints, offered, { asker: { side: 'node' }, other: 'deployment', unknown: [] })
    .reasons;
}

/** Deployment policy over service policy over built-in properties (reference/anax.md §6.5). */
function offeredProperties(service: ServiceTerms, deployment: DeploymentTerms, privileged: boolean): Property[] {
  const builtIn: Property[] = [
    { name: 'openhorizon.service.url', value: service.url },
    { name: 'openhorizon.service.name', value: service.url },
    { name: 'openhorizon.service.org', value: service.org },
    { name: 'openhorizon.service.version', value: service.version },
    { name: 'openhorizon.service.arch', value: service.arch },
  ];
  const ofService = service.policy.properties.filter(({ name }) => name !== ALLOW_PRIVILEGED);
  return [...deployment.properties, ...ofService, ...builtIn, { name: ALLOW_PRIVILEGED, value: privileged }];
}

function nodeProperties(node: NodeTerms): Property[] {
  const arch: Property[] = node.arch === undefined ? [] : [{ name: 'openhorizon.arch', value: node.arch }];
  return [...arch, ...node.properties, { name: ALLOW_PRIVILEGED, value: false }];
}

function allowsPrivileges(node: NodeTerms): boolean {
  return nodeProperties(node).find(({ name }) => name === ALLOW_PRIVILEGED)?.value === true;
}

function privilegeReason(service: ServiceTerms): Reason {
  const containers = privilegedContainers(service.deployment).join(', ');
  return {
    which: 'privilege',
    text: `${idOf(service)} needs privileges (${containers}), and the node does not allow them`,
    fix: `Add { name: ${ALLOW_PRIVILEGED}, value: true } to the top-level properties of the node policy.`,
    where: { side: 'node', path: ['properties'] },
  };
}

function idOf(service: ServiceTerms): string {
  return `${service.org}/${serviceId(service)}`;
}

function distinct(reasons: readonly Reason[]): Reason[] {
  return [...new Map(reasons.map((reason) => [reason.text, reason])).values()];
}
