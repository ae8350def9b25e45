/**
 * Bodies freed of what the hub adds or fills in, so that what was published compares equal to what would be published
 * again (reference/exchange-mms.md §0, "Server defaults that a plan must not show as a change").
 */
import { isDeepStrictEqual } from 'node:util';
import type { Body } from '#tools/bundle/types.ts';
import { UNLIMITED_CONSUMERS } from './quirks.ts';

/** Sending these back is a 400 (§F.2). */
const ADDED_BY_EXCHANGE = ['owner', 'organization', 'lastUpdated', 'created'];

/** What absent node health becomes; hzn sends `{}` for it, which is stored as such. Either says that nobody cared. */
const DEFAULT_NODE_HEALTH = { missing_heartbeat_interval: 1800, check_agreement_status: 1800 };

/** Properties that hzn adds to a service policy when it publishes one. */
const SERVICE_PROPERTY = /^openhorizon\.service\.(?:url|name|org|version|arch)$/;

export function serviceAsSent(body: Body): Body {
  return withoutEmpty({ public: false, ...withoutAdded(body) });
}

export function servicePolicyAsSent(body: Body): Body {
  const properties = records(body.properties).filter(({ name }) => !SERVICE_PROPERTY.test(String(name)));
  return withoutEmpty({ ...withoutAdded(body), properties });
}

export function patternAsSent(body: Body): Body {
  const services = records(body.services).map((service) => ({
    ...service,
    nodeHealth: nodeHealth(service.nodeHealth),
  }));
  return withoutEmpty({
    public: false,
    ...withoutAdded(body),
    agreementProtocols: protocols(body.agreementProtocols),
    services,
  });
}

export function deploymentPolicyAsSent(body: Body): Body {
  const service = isRecord(body.service) ? body.service : {};
  return withoutEmpty({
    ...withoutAdded(body),
    service: { ...service, nodeHealth: nodeHealth(service.nodeHealth) },
  });
}

/** The fields that we set, and those of others that would change where or how long an object is delivered. */
export function metadataAsSent(body: Body): Body {
  const { objectID, objectType, destinationOrgID, destinationType, destinationID, version, description } = body;
  const { expiration, inactive, consumers, destinationPolicy } = body;
  const { timestamp: _, ...policy } = isRecord(destinationPolicy) ? destinationPolicy : {};
  return withoutEmpty({
    objectID,
    objectType,
    destinationOrgID,
    destinationType,
    destinationID,
    version,
    description,
    expiration,
    inactive: inactive === true ? true : undefined,
    consumers: consumers === UNLIMITED_CONSUMERS ? -1 : consumers,
    destinationPolicy: policy,
  });
}

/** An absent description is filled with the label. */
function withoutAdded(body: Body): Body {
  const rest = Object.fromEntries(Object.entries(body).filter(([field]) => !ADDED_BY_EXCHANGE.includes(field)));
  if (rest.description === rest.label) delete rest.description;
  return rest;
}

function nodeHealth(value: unknown): unknown {
  return isDeepStrictEqual(value, DEFAULT_NODE_HEALTH) ? undefined : value;
}

/** Absent: Basic, the only one there is. */
function protocols(value: unknown): unknown {
  return Array.isArray(value) && value.length > 0 ? value : [{ name: 'Basic' }];
}

/** Without fields that hold nothing: the Exchange stores null, "", [] or {} for what was not sent, each where it likes. */
function withoutEmpty(body: Body): Body {
  return Object.fromEntries(
    Object.entries(body)
      .map(([field, value]): [string, unknown] => [field, deepWithoutEmpty(value)])
      .filter(([, value]) => !isEmpty(value)),
  );
}

function deepWithoutEmpty(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(deepWithoutEmpty);
  return isRecord(value) ? withoutEmpty(value) : value;
}

function isEmpty(value: unknown): boolean {
  if (value === null || value === undefined || value === '') return true;
  if (Array.isArray(value)) return value.length === 0;
  return isRecord(value) && Object.keys(value).length === 0;
}

function records(value: unknown): Body[] {
  return Array.isArray(value) ? value.filter(isRecord) : [];
}

function isRecord(value: unknown): value is Body {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
