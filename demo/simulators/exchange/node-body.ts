import { heartbeatIntervals, NO_HEARTBEAT_INTERVALS, userInput } from './bodies.ts';
import { anything, int, list, map, optional, orElse, record, type Shaped, text } from './body-shape.ts';
import { NullAccess } from './defects.ts';
import type { MessageKey } from './messages.ts';
import type { RegisteredProperty, RegisteredService } from './records.ts';
import { parseVersionRange } from './version.ts';

const ROUTE = 'org.openhorizon.exchangeapi.route.node';
const TABLE = 'org.openhorizon.exchangeapi.table.node';

const registeredService = record(`${TABLE}.RegService`, {
  url: text,
  numAgreements: int,
  configState: optional(text),
  policy: text,
  properties: list(record(`${TABLE}.Prop`, { name: text, value: text, propType: text, op: text })),
  version: optional(text),
});

/** Body of PUT (reference/exchange-mms.md §A.11): pattern, publicKey and token come together or not at all. */
export const nodeBody = record(
  `${ROUTE}.PutNodesRequest`,
  {
    token: optional(text),
    name: text,
    nodeType: orElse(text, 'device'),
    pattern: optional(text),
    registeredServices: orElse(list(registeredService), []),
    userInput: orElse(list(userInput), []),
    msgEndPoint: orElse(text, ''),
    softwareVersions: orElse(map(text), {}),
    publicKey: optional(text),
    arch: orElse(text, ''),
    heartbeatIntervals: orElse(heartbeatIntervals, NO_HEARTBEAT_INTERVALS),
    clusterNamespace: optional(text),
    isNamespaceScoped: orElse(anything, false),
  },
  { required: ['name'], leaksFormats: true },
);
export type NodeBody = NonNullable<Shaped<typeof nodeBody>>;

export const nodePatch = record(`${ROUTE}.PatchNodesRequest`, {
  token: optional(text),
  name: optional(text),
  nodeType: optional(text),
  pattern: optional(text),
  registeredServices: optional(list(registeredService)),
  userInput: optional(list(userInput)),
  msgEndPoint: optional(text),
  softwareVersions: optional(map(text)),
  publicKey: optional(text),
  arch: optional(text),
  heartbeatIntervals: optional(heartbeatIntervals),
  clusterNamespace: optional(text),
  isNamespaceScoped: optional(anything),
});
export type NodePatch = NonNullable<Shaped<typeof nodePatch>>;

type Problem = readonly [key: MessageKey, ...args: (string | null)[]];

/** The first registered property that is none. */
export function registeredServicesProblem(services: readonly (RegisteredService | null)[]): Problem | undefined {
  for (const service of services) {
    if (service === null) throw new NullAccess('Cannot invoke "RegService.properties()" because "service" is null');
    for (const property of service.properties) {
      if (property === null) throw new NullAccess('Cannot invoke "Prop.propType()" because "property" is null');
      const problem = propertyProblem(property);
      if (problem !== undefined) return problem;
    }
  }
  return undefined;
}

const PROPERTY_TYPES = ['string', 'list', 'version', 'boolean', 'int', 'wildcard'];
const OPERATORS = ['=', '>=', '<=', 'in'];

function propertyProblem({ name, value, propType, op }: RegisteredProperty): Problem | undefined {
  if (!PROPERTY_TYPES.includes(propType ?? '')) return ['invalid.proptype.for.name', propType, name];
  if (!OPERATORS.includes(op ?? '')) return ['invalid.op.for.name', op, name];
  switch (propType) {
    case 'boolean':
      if (op !== '=') return ['invalid.op.for.name.opequal', op, name, '=', 'boolean'];
      if (!['true', 'false', '*'].includes(given(value).toLowerCase())) {
        return ['invalid.boolean.value.for.name', value, name];
      }
      return undefined;
    case 'list':
    case 'string':
      return op === 'in' ? undefined : ['invalid.op.for.name.proplist', op, name, 'in', 'string', 'list'];
    case 'int':
      if (op === 'in') return ['invalid.op.for.name', op, name];
      if (value !== '*' && !isInt(given(value))) return ['invalid.int.for.name', value, name];
      return undefined;
    case 'version':
      if (op !== '=' && op !== 'in') return ['invalid.op.for.name.propversion', op, name, '=', 'in', 'version'];
      if (value !== '*' && parseVersionRange(given(value)) === undefined) {
        return ['invalid.version.for.name', value, name];
      }
      return undefined;
    default:
      return undefined;
  }
}

function given(value: string | null): string {
  if (value === null) throw new NullAccess('Cannot invoke "String.trim()" because "range" is null');
  return value;
}

function isInt(digits: string): boolean {
  return /^[+-]?\d+$/.test(digits) && Math.abs(Number(digits)) < 2 ** 31;
}
