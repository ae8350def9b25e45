import { property, secretBinding, userInput } from './bodies.ts';
import { anything, list, map, optional, record, type Shaped, text } from './body-shape.ts';
import { NullAccess } from './defects.ts';
import type { MessageKey } from './messages.ts';
import type { DeploymentPolicyService } from './records.ts';
import { isVersion } from './version.ts';

const ROUTE = 'org.openhorizon.exchangeapi.route.deploymentpolicy';
const TABLE = 'org.openhorizon.exchangeapi.table.deploymentpolicy';

const SERVICE_FIELDS = {
  name: text,
  org: text,
  arch: text,
  serviceVersions: list(
    record(`${TABLE}.BServiceVersions`, {
      version: text,
      priority: optional(map(anything)),
      upgradePolicy: optional(map(text)),
    }),
  ),
  nodeHealth: optional(map(anything)),
  clusterNamespace: optional(text),
};
const service = record(`${TABLE}.BService`, SERVICE_FIELDS);

const OPTIONAL_FIELDS = {
  description: optional(text),
  userInput: optional(list(userInput)),
  secretBinding: optional(list(secretBinding)),
  properties: optional(list(property)),
  constraints: optional(list(text)),
};

/** Body of POST and PUT (reference/exchange-mms.md §A.9). */
export const deploymentPolicyBody = record(
  `${ROUTE}.PostPutBusinessPolicyRequest`,
  { label: text, service, ...OPTIONAL_FIELDS },
  { required: ['label', 'service'], leaksFormats: true },
);
export type DeploymentPolicyBody = NonNullable<Shaped<typeof deploymentPolicyBody>>;

export const deploymentPolicyPatch = record(
  `${ROUTE}.PatchBusinessPolicyRequest`,
  { label: optional(text), service: optional(service), ...OPTIONAL_FIELDS },
  { leaksFormats: true },
);

/** In POST and PUT a service without name, org or arch fails the class's own requirement; PATCH says it nicely. */
export function isReference({ name, org, arch }: DeploymentPolicyService): boolean {
  return name !== null && org !== null && arch !== null;
}

/** The first rule that the service breaks. */
export function policyServiceProblem(
  wanted: DeploymentPolicyService,
): readonly [key: MessageKey, ...args: string[]] | undefined {
  if (wanted.serviceVersions.length === 0) return ['no.version.specified.for.service2'];
  for (const version of wanted.serviceVersions) {
    if (version === null) throw new NullAccess('Cannot invoke "BServiceVersions.version()" because "sv" is null');
    if (version.version === null) {
      throw new NullAccess('Cannot invoke "String.trim()" because "version" is null');
    }
    if (!isVersion(version.version)) return ['version.not.valid.format', version.version];
  }
  return undefined;
}
