import { anything, int, list, map, optional, orElse, record, type Shaped, text } from './body-shape.ts';
import { NullAccess } from './defects.ts';

/** Parts that several bodies share (reference/exchange-mms.md §A.7–A.11). */

const TABLE = 'org.openhorizon.exchangeapi.table';

/** A property of a policy. */
export const property = record(`${TABLE}.service.OneProperty`, {
  name: text,
  type: optional(text),
  value: anything,
});
export type Property = Shaped<typeof property>;

/** What a user may set of a service, wherever it stands: pattern, deployment policy or node. */
export const userInput = record(`${TABLE}.deploymentpattern.OneUserInputService`, {
  serviceOrgid: text,
  serviceUrl: text,
  serviceArch: optional(text),
  serviceVersionRange: optional(text),
  inputs: list(record(`${TABLE}.deploymentpattern.OneUserInputValue`, { name: text, value: anything })),
});
export type UserInput = Shaped<typeof userInput>;

export const secretBinding = record(`${TABLE}.deploymentpattern.OneSecretBindingService`, {
  serviceOrgid: text,
  serviceUrl: text,
  serviceArch: optional(text),
  serviceVersionRange: optional(text),
  secrets: list(map(text)),
  enableNodeLevelSecrets: orElse(anything, false),
});
export type SecretBinding = Shaped<typeof secretBinding>;

export const heartbeatIntervals = record(`${TABLE}.node.NodeHeartbeatIntervals`, {
  minInterval: int,
  maxInterval: int,
  intervalAdjustment: int,
});
export type HeartbeatIntervals = Shaped<typeof heartbeatIntervals>;

export const NO_HEARTBEAT_INTERVALS = { minInterval: 0, maxInterval: 0, intervalAdjustment: 0 } as const;

/** The types that a service policy's or node policy's property may have. */
export const PROPERTY_TYPES = ['float', 'string', 'version', 'boolean', 'int', 'list of strings'] as const;

/**
 * The first property type that is none.
 *
 * @throws {NullAccess} for a null among the properties
 */
export function wrongPropertyType(properties: readonly Property[] | null): string | undefined {
  for (const item of properties ?? []) {
    if (item === null) throw new NullAccess('Cannot invoke "OneProperty.type()" because "p" is null');
    if (item.type !== null && !PROPERTY_TYPES.some((known) => known === item.type)) return item.type;
  }
  return undefined;
}

/**
 * A map of whole numbers as it comes back: sent with any values, stored as sent, read back as numbers cut to whole ones;
 * with a value that is none, the whole map reads back as null.
 */
export function wholeNumbers(values: Readonly<Record<string, unknown>> | null): Record<string, number | null> | null {
  if (values === null) return null;
  const numbers: Record<string, number | null> = {};
  for (const [key, value] of Object.entries(values)) {
    if (value !== null && typeof value !== 'number') return null;
    numbers[key] = value === null ? null : Math.trunc(value);
  }
  return numbers;
}

/** Secret bindings as they come back: what was not checked when sent is false unless it is a boolean. */
export function readSecretBindings(bindings: readonly SecretBinding[]): readonly SecretBinding[] {
  return bindings.map(
    (binding) => binding && { ...binding, enableNodeLevelSecrets: binding.enableNodeLevelSecrets === true },
  );
}

/** Defaults of what a pattern or a deployment policy wants of a node's health, in seconds. */
export const NODE_HEALTH = { missing_heartbeat_interval: 1800, check_agreement_status: 1800 } as const;

/** Versions of a service with their priorities as they come back. */
export function readVersions<V extends { readonly priority: Readonly<Record<string, unknown>> | null }>(
  versions: readonly (V | null)[],
) {
  return versions.map((version) => version && { ...version, priority: wholeNumbers(version.priority) });
}
