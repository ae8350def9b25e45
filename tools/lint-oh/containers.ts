import type { ValuePath } from '#policy/document.ts';
import { type Fields, isFields } from '#policy/flat-rules.ts';
import type { Definition } from './definition.ts';

/** One container of a service's deployment. */
export interface Container {
  readonly name: string;
  readonly fields: Fields;
  /** Of the container in the definition; of the signed text where it stands in one. */
  readonly at: ValuePath;
  /** The deployment is a text: a path ends at it. */
  readonly signed: boolean;
}

/** The deployment of a service as data, whether it is written as a map or as the text that is signed. */
export function deploymentOf({ kind, fields }: Definition): Fields | undefined {
  if (kind !== 'service') return undefined;
  const { deployment } = fields;
  if (typeof deployment !== 'string') return isFields(deployment) ? deployment : undefined;
  try {
    const parsed: unknown = JSON.parse(deployment);
    return isFields(parsed) ? parsed : undefined;
  } catch {
    return undefined;
  }
}

export function* containersOf(definition: Definition): Generator<Container> {
  const services = deploymentOf(definition)?.services;
  const signed = typeof definition.fields.deployment === 'string';
  if (!isFields(services)) return;
  for (const [name, fields] of Object.entries(services)) {
    if (!isFields(fields)) continue;
    yield { name, fields, at: signed ? ['deployment'] : ['deployment', 'services', name], signed };
  }
}

/** A path below a container, as far as the text can be pointed into. */
export function below({ at, signed }: Container, ...steps: ValuePath): ValuePath {
  return signed ? at : [...at, ...steps];
}

/** The texts of a list of a container. */
export function textsAt({ fields }: Container, name: string): { readonly text: string; readonly index: number }[] {
  const list = fields[name];
  if (!Array.isArray(list)) return [];
  return list.flatMap((each: unknown, index) => (typeof each === 'string' ? [{ text: each, index }] : []));
}
