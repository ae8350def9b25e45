/**
 * What the two sides of an agreement say, as far as it decides whether one forms. The readers take any JSON body of the
 * Exchange: what is not there, or not of the right type, counts as absent, as it does for the agbot.
 */
import type { Body, Property } from '#tools/bundle/types.ts';

/** What one party offers (`properties`) and what it asks of the other (`constraints`). */
export interface PolicyTerms {
  readonly properties: readonly Property[];
  readonly constraints: readonly string[];
}

/** Values for the inputs of one service (reference/anax.md §4.1). */
export interface UserInputTerms {
  readonly serviceOrgid: string;
  readonly serviceUrl: string;
  /** Empty: any. */
  readonly serviceArch: string;
  /** Empty: any from 0.0.1. */
  readonly serviceVersionRange: string;
  readonly inputs: readonly { readonly name: string; readonly value: unknown }[];
}

export interface SecretBindingTerms {
  readonly serviceOrgid: string;
  readonly serviceUrl: string;
  readonly serviceArch: string;
  readonly serviceVersionRange: string;
  /** Names of the service's secrets that are bound. */
  readonly secrets: readonly string[];
}

export interface DeploymentTerms extends PolicyTerms {
  readonly service: {
    readonly org: string;
    readonly name: string;
    /** `*` and empty: any. */
    readonly arch: string;
    /** In the order of the policy. */
    readonly versions: readonly string[];
  };
  readonly userInput: readonly UserInputTerms[];
  readonly secretBinding: readonly SecretBindingTerms[];
}

export interface NodeTerms extends PolicyTerms {
  /** Go architecture name; absent where only a node policy is known. */
  readonly arch?: string;
  readonly userInput: readonly UserInputTerms[];
}

export interface ServiceTerms {
  readonly org: string;
  readonly url: string;
  readonly version: string;
  readonly arch: string;
  /** JSON text; empty: no deployment for devices. */
  readonly deployment: string;
  readonly requiredServices: readonly {
    readonly org: string;
    readonly url: string;
    readonly range: string;
    readonly arch: string;
  }[];
  readonly userInput: readonly { readonly name: string; readonly type: string; readonly defaultValue: string }[];
  readonly policy: PolicyTerms;
}

/** A deployment policy's body (reference/anax.md §6.1). */
export function deploymentTerms(body: Body): DeploymentTerms {
  const service = record(body.service);
  return {
    ...policyTerms(body),
    service: {
      org: text(service.org),
      name: text(service.name),
      arch: text(service.arch),
      versions: records(service.serviceVersions).map(({ version }) => text(version)),
    },
    userInput: userInputTerms(body.userInput),
    secretBinding: records(body.secretBinding).map((binding) => ({
      serviceOrgid: text(binding.serviceOrgid),
      serviceUrl: text(binding.serviceUrl),
      serviceArch: text(binding.serviceArch),
      serviceVersionRange: text(binding.serviceVersionRange),
      secrets: records(binding.secrets).flatMap((secret) => Object.keys(secret)),
    })),
  };
}

/**
 * What a node policy says to agreements: properties of `deployment` over those of the same name above it; constraints of
 * `deployment` instead of those above it (reference/anax.md §6.4).
 */
export function nodeTerms(body: Body, userInput: unknown = [], arch?: string): NodeTerms {
  const above = policyTerms(body);
  const section = policyTerms(record(body.deployment));
  const names = new Set(section.properties.map(({ name }) => name));
  return {
    properties: [...above.properties.filter(({ name }) => !names.has(name)), ...section.properties],
    constraints: section.constraints.length > 0 ? section.constraints : above.constraints,
    userInput: userInputTerms(userInput),
    ...(arch === undefined ? {} : { arch }),
  };
}

/** A service definition's body and its policy's, if it has one. */
export function serviceTerms(org: string, body: Body, policy: Body = {}): ServiceTerms {
  return {
    org,
    url: text(body.url),
    version: text(body.version),
    arch: text(body.arch),
    deployment: text(body.deployment),
    requiredServices: records(body.requiredServices).map((required) => ({
      org: text(required.org),
      url: text(required.url),
      // `version` wins where both are given (reference/anax.md §6.9).
      range: text(required.version) || text(required.versionRange),
      arch: text(required.arch),
    })),
    userInput: records(body.userInput).map((input) => ({
      name: text(input.name),
      type: text(input.type),
      defaultValue: text(input.defaultValue),
    })),
    policy: policyTerms(policy),
  };
}

/** `properties` and `constraints` of any policy. */
export function policyTerms(body: Body): PolicyTerms {
  return {
    properties: records(body.properties).flatMap(property),
    constraints: list(body.constraints).map(text),
  };
}

/** A node's or policy's `userInput`. */
export function userInputTerms(value: unknown): UserInputTerms[] {
  return records(value).map((entry) => ({
    serviceOrgid: text(entry.serviceOrgid),
    serviceUrl: text(entry.serviceUrl),
    serviceArch: text(entry.serviceArch),
    serviceVersionRange: text(entry.serviceVersionRange),
    inputs: records(entry.inputs).map(({ name, value }) => ({ name: text(name), value })),
  }));
}

const ALLOW_PRIVILEGED = 'openhorizon.allowPrivileged';

function property({ name, value, type }: Body): Property[] {
  const typed = PROPERTY_TYPES.find((known) => known === type);
  const given = propertyValue(name, value);
  if (typeof name !== 'string' || given === undefined) return [];
  return [{ name, value: given, ...(typed === undefined ? {} : { type: typed }) }];
}

const PROPERTY_TYPES = ['string', 'version', 'boolean', 'int', 'float', 'list of strings'] as const;

/** The text "true" or "false" of allowPrivileged is made a boolean by agent and agbot. */
function propertyValue(name: unknown, value: unknown): string | number | boolean | undefined {
  if (name === ALLOW_PRIVILEGED && (value === 'true' || value === 'false')) return value === 'true';
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? value : undefined;
}

function records(value: unknown): Body[] {
  return list(value).filter(isRecord);
}

function record(value: unknown): Body {
  return isRecord(value) ? value : {};
}

function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function isRecord(value: unknown): value is Body {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
