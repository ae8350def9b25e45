/** The containers of a service's instance, as an agent makes them (reference/anax.md §5). Pure. */
import { createHash } from 'node:crypto';
import { containersOf } from '#tools/compat/deployment.ts';
import type { UserInputTerms } from '#tools/compat/terms.ts';
import { type JsonRecord, text } from '../agbot/json-record.ts';
import type { ServiceDefinition } from '../agbot/world.ts';
import type { ContainerSpec } from './container-engine.ts';
import { containerEnvironment, type NodeFacts } from './container-environment.ts';

export interface InstanceQuestion {
  readonly node: NodeFacts;
  /** Agreement id, or a required service's own key. */
  readonly key: string;
  readonly isTopLevel: boolean;
  readonly service: ServiceDefinition;
  readonly nodeInput: readonly UserInputTerms[];
  readonly deployerInput: readonly UserInputTerms[];
  /** Environment entries of a pattern, by container. */
  readonly overrides: ReadonlyMap<string, readonly string[]>;
  /** Folders of the instance's credential and of the ESS's certificate on the node. */
  readonly authFolder: string;
  readonly certFolder: string;
}

const LABEL = 'openhorizon.anax';

export function containerSpecs(question: InstanceQuestion): ContainerSpec[] {
  const { terms } = question.service;
  return [...(containersOf(terms.deployment) ?? [])].map(([name, definition]) => {
    const { org, url, version, arch } = terms;
    return {
      serviceContainer: name,
      name: `${question.key}-${name}`,
      image: text(definition.image),
      labels: labelsOf(question, name, definition),
      env: environmentOf(question, name, definition),
      binds: bindsOf(question, definition),
      networkMode: definition.network === 'host' ? 'host' : 'bridge',
      pidMode: text(definition.pid),
      privileged: definition.privileged === true,
      definition,
      service: { org, url, version, arch },
      instanceKey: question.key,
    };
  });
}

/** No label tells url, organisation or version of the service; `service_name` is the container's name. */
function labelsOf({ key, isTopLevel }: InstanceQuestion, name: string, definition: JsonRecord): Record<string, string> {
  const digest = createHash('sha256').update(JSON.stringify(definition)).digest('base64');
  return {
    [`${LABEL}.agreement_id`]: key,
    [`${LABEL}.deployment_description_hash`]: digest.replaceAll('+', '-').replaceAll('/', '_'),
    [`${LABEL}.service_name`]: name,
    [`${LABEL}.variation`]: '',
    ...(isTopLevel ? {} : { [`${LABEL}.infrastructure`]: '' }),
  };
}

function environmentOf(question: InstanceQuestion, name: string, definition: JsonRecord): string[] {
  const { node, key, isTopLevel, service, nodeInput, deployerInput, overrides } = question;
  return containerEnvironment({
    node,
    ...(isTopLevel ? { agreementId: key } : {}),
    service: service.terms,
    nodeInput,
    deployerInput,
    entries: [...strings(definition.environment), ...(overrides.get(name) ?? [])],
  });
}

function bindsOf({ key, node, authFolder, certFolder }: InstanceQuestion, definition: JsonRecord): string[] {
  const socketFolder = node.essSocket.slice(0, node.essSocket.lastIndexOf('/'));
  return [
    ...strings(definition.binds),
    `${key}:/service_config:rw`,
    `${socketFolder}:${socketFolder}`,
    `${authFolder}:/ess-auth:ro`,
    `${certFolder}:/ess-cert:ro`,
  ];
}

const strings = (value: unknown): string[] => (Array.isArray(value) ? value.map(text) : []);

/** Name of a service in credentials and instance keys: its url without scheme, slashes as dashes. */
export const plainName = (url: string): string => url.replace(/^[a-zA-Z]+:\/\//, '').replaceAll('/', '-');

/** Key of a required service's instance. */
export function instanceKey({ terms }: ServiceDefinition, uuid: string): string {
  return `${terms.org}_${plainName(terms.url)}_${terms.version}_${uuid}`;
}
