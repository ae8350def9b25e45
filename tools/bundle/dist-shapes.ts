import type { Manifest } from './dist-layout.ts';
import type { Body, Placement, Property, ServiceBody } from './types.ts';

/** Shapes of what stands in a dist: it may come from anywhere, so nothing is taken for granted. */

export function isBody(value: unknown): value is Body {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function isServiceBody(value: unknown): value is ServiceBody {
  return (
    isBody(value) &&
    [value.label, value.description, value.url, value.version, value.arch, value.sharable].every(isString) &&
    typeof value.public === 'boolean' &&
    isListOf(value.requiredServices, (item) => isBody(item) && Object.values(item).every(isString)) &&
    isListOf(value.userInput, (item) => isBody(item) && Object.values(item).every(isString)) &&
    isString(value.deployment) &&
    isString(value.deploymentSignature)
  );
}

export function isManifest(value: unknown): value is Manifest {
  return (
    isBody(value) &&
    value.format === 1 &&
    [value.name, value.version, value.org, value.keyId].every(isString) &&
    isBody(value.services) &&
    isListOf(
      value.files,
      (file) => isBody(file) && isString(file.path) && isString(file.sha256) && Number.isInteger(file.size),
    )
  );
}

/** The parts of an object's MMS metadata that we write. */
export interface Metadata {
  readonly objectID: string;
  readonly objectType: string;
  readonly destinationOrgID: string;
  readonly version: string;
  readonly description: string;
  readonly placement: Placement;
}

/** Metadata of a policy object; undefined when it is something else. */
export function metadataOf(value: unknown): Metadata | undefined {
  if (!isBody(value)) return undefined;
  const { objectID, objectType, destinationOrgID, version, description } = value;
  const placement = placementOf(value);
  if (!isString(objectID) || !isString(objectType) || !isString(destinationOrgID)) return undefined;
  if (!isString(version) || !isString(description) || placement === undefined) return undefined;
  return { objectID, objectType, destinationOrgID, version, description, placement };
}

function placementOf({ destinationType, destinationPolicy }: Body): Placement | undefined {
  if (isString(destinationType) && destinationPolicy === undefined)
    return { kind: 'pattern', pattern: destinationType };
  if (destinationType !== undefined || !isBody(destinationPolicy)) return undefined;
  const { properties, constraints, services } = destinationPolicy;
  if (!isProperties(properties) || !isStrings(constraints) || !isServices(services)) return undefined;
  return { kind: 'policy', properties, constraints, services };
}

function isProperties(value: unknown): value is readonly Property[] {
  return isListOf(
    value,
    (item) =>
      isBody(item) &&
      isString(item.name) &&
      (['string', 'number', 'boolean'].includes(typeof item.value) || isStrings(item.value)) &&
      (item.type === undefined || isString(item.type)),
  );
}

function isServices(value: unknown): value is Extract<Placement, { kind: 'policy' }>['services'] {
  return isListOf(
    value,
    (item) => isBody(item) && [item.orgID, item.arch, item.serviceName, item.version].every(isString),
  );
}

function isStrings(value: unknown): value is readonly string[] {
  return isListOf(value, isString);
}

function isListOf(value: unknown, check: (item: unknown) => boolean): value is readonly unknown[] {
  return Array.isArray(value) && value.every(check);
}

function isString(value: unknown): value is string {
  return typeof value === 'string';
}
