/** What an agbot knows of the Exchange: everything that decides about agreements, read anew each time. */
import type { Body } from '#tools/bundle/types.ts';
import type { DeploymentTerms } from '#tools/compat/terms.ts';
import { deploymentTerms, type NodeTerms, nodeTerms, type ServiceTerms, serviceTerms } from '#tools/compat/terms.ts';
import { type Ask, AskFailed } from '../ask.ts';
import { type JsonRecord, record, records, text } from './json-record.ts';

export interface ServiceDefinition {
  readonly terms: ServiceTerms;
  /** How instances are shared by those that require it: exclusive, single, singleton or multiple. */
  readonly sharable: string;
}

/** Something that deploys: a deployment policy, or one service of a pattern. */
export interface Deployer {
  readonly kind: 'policy' | 'pattern';
  /** `org/name` */
  readonly id: string;
  readonly terms: DeploymentTerms;
  /** Environment entries (`K=V`) that a pattern adds, by service version and container. */
  readonly overrides: ReadonlyMap<string, ReadonlyMap<string, readonly string[]>>;
  /** Changes when the Exchange's copy does. */
  readonly revision: string;
}

export interface KnownNode {
  /** `org/id` */
  readonly id: string;
  /** `org/name`; empty on a policy node. */
  readonly pattern: string;
  readonly terms: NodeTerms;
}

export interface World {
  readonly services: readonly ServiceDefinition[];
  readonly deployers: readonly Deployer[];
  readonly nodes: readonly KnownNode[];
}

/**
 * @param orgs that the agbot serves
 * @param auth of somebody who may read them all: an agbot of IBM, or root
 * @throws AskFailed
 */
export async function readWorld(ask: Ask, auth: string, orgs: readonly string[]): Promise<World> {
  const read = async (path: string): Promise<JsonRecord> => {
    const { status, body } = await ask({ path, auth });
    // A listing without entries and a policy that is not there are 404: none. Anything else is no answer.
    if (status !== 200 && status !== 404) throw new AskFailed(`GET ${path} was answered with ${status}`);
    return status === 200 ? record(JSON.parse(body)) : {};
  };
  const nodes = (await Promise.all(orgs.map((org) => readNodes(read, org)))).flat();
  // Without nodes nothing is agreed on or placed: then the rest, which may be much, is not read.
  if (nodes.length === 0) return { services: [], deployers: [], nodes };
  const parts = await Promise.all(orgs.map((org) => readOffers(read, org)));
  return {
    services: parts.flatMap(({ services }) => services),
    deployers: parts.flatMap(({ deployers }) => deployers),
    nodes,
  };
}

type Read = (path: string) => Promise<JsonRecord>;

const basePath = (org: string): string => `/orgs/${encodeURIComponent(org)}`;

/** The policy of a node or service, `{}` without one; `id` is composite. */
function readPolicy(read: Read, kind: 'nodes' | 'services', id: string): Promise<JsonRecord> {
  const slash = id.indexOf('/');
  return read(`${basePath(id.slice(0, slash))}/${kind}/${encodeURIComponent(id.slice(slash + 1))}/policy`);
}

async function readNodes(read: Read, org: string): Promise<KnownNode[]> {
  const { nodes } = await read(`${basePath(org)}/nodes`);
  return Promise.all(
    Object.entries(record(nodes)).map(async ([id, body]) =>
      knownNode(id, record(body), await readPolicy(read, 'nodes', id)),
    ),
  );
}

async function readOffers(read: Read, org: string): Promise<Omit<World, 'nodes'>> {
  const [services, policies, patterns] = await Promise.all([
    read(`${basePath(org)}/services`),
    read(`${basePath(org)}/business/policies`),
    read(`${basePath(org)}/patterns`),
  ]);
  return {
    services: await Promise.all(
      Object.entries(record(services.services)).map(async ([id, body]) => ({
        terms: serviceTerms(org, record(body), await readPolicy(read, 'services', id)),
        sharable: text(record(body).sharable),
      })),
    ),
    deployers: [
      ...Object.entries(record(policies.businessPolicy)).map(([id, body]) => policyDeployer(id, record(body))),
      ...Object.entries(record(patterns.patterns)).flatMap(([id, body]) => patternDeployers(id, record(body))),
    ],
  };
}

function policyDeployer(id: string, body: JsonRecord): Deployer {
  return { kind: 'policy', id, terms: deploymentTerms(body), overrides: new Map(), revision: text(body.lastUpdated) };
}

/** A pattern deploys each of its services, whatever the node's policy says. */
function patternDeployers(id: string, body: JsonRecord): Deployer[] {
  return records(body.services)
    .filter(({ agreementLess }) => agreementLess !== true)
    .map((service) => {
      const versions = byPriority(records(service.serviceVersions));
      const asPolicy: Body = {
        service: {
          org: service.serviceOrgid,
          name: service.serviceUrl,
          arch: service.serviceArch,
          serviceVersions: versions,
        },
        userInput: body.userInput,
        secretBinding: body.secretBinding,
      };
      return {
        kind: 'pattern',
        id,
        terms: deploymentTerms(asPolicy),
        overrides: new Map(
          versions.map(({ version, deployment_overrides: given }) => [text(version), overridesOf(given)]),
        ),
        revision: text(body.lastUpdated),
      };
    });
}

function byPriority(versions: readonly JsonRecord[]): JsonRecord[] {
  const priorityOf = (version: JsonRecord): number => Number(record(version.priority).priority_value ?? 0);
  return [...versions].sort((a, b) => priorityOf(a) - priorityOf(b));
}

/** Only environment entries are honoured (reference/anax.md §6.2). */
function overridesOf(given: unknown): ReadonlyMap<string, readonly string[]> {
  const parsed: unknown = typeof given === 'string' && given !== '' ? JSON.parse(given) : given;
  return new Map(
    Object.entries(record(record(parsed).services)).map(([container, value]) => {
      const { environment } = record(value);
      return [container, Array.isArray(environment) ? environment.map(text) : []];
    }),
  );
}

function knownNode(id: string, body: JsonRecord, policy: JsonRecord): KnownNode {
  return {
    id,
    pattern: text(body.pattern),
    terms: nodeTerms(policy, body.userInput, text(body.arch) || undefined),
  };
}
