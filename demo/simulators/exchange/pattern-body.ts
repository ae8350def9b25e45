import { secretBinding, userInput } from './bodies.ts';
import { anything, list, map, optional, record, type Shaped, text } from './body-shape.ts';
import { NullAccess } from './defects.ts';
import type { MessageKey } from './messages.ts';
import type { PatternService, PatternServiceVersion } from './records.ts';
import { isVersion } from './version.ts';

const ROUTE = 'org.openhorizon.exchangeapi.route.deploymentpattern';
const TABLE = 'org.openhorizon.exchangeapi.table.deploymentpattern';

const service = record(`${TABLE}.PServices`, {
  serviceUrl: text,
  serviceOrgid: text,
  serviceArch: text,
  agreementLess: optional(anything),
  serviceVersions: list(
    record(`${TABLE}.PServiceVersions`, {
      version: text,
      deployment_overrides: optional(text),
      deployment_overrides_signature: optional(text),
      priority: optional(map(anything)),
      upgradePolicy: optional(map(text)),
    }),
  ),
  dataVerification: optional(map(anything)),
  nodeHealth: optional(map(anything)),
});

const OPTIONAL_FIELDS = {
  description: optional(text),
  public: optional(anything),
  userInput: optional(list(userInput)),
  secretBinding: optional(list(secretBinding)),
  agreementProtocols: optional(list(map(text))),
  clusterNamespace: optional(text),
};

/** Body of POST and PUT (reference/exchange-mms.md §A.8). */
export const patternBody = record(
  `${ROUTE}.PostPutPatternRequest`,
  { label: text, services: list(service), ...OPTIONAL_FIELDS },
  { required: ['label', 'services'], leaksFormats: true },
);
export type PatternBody = NonNullable<Shaped<typeof patternBody>>;

export const patternPatch = record(
  `${ROUTE}.PatchPatternRequest`,
  { label: optional(text), services: optional(list(service)), ...OPTIONAL_FIELDS },
  { leaksFormats: true },
);
export type PatternPatch = NonNullable<Shaped<typeof patternPatch>>;

type Problem = readonly [key: MessageKey, ...args: (string | null)[]];

/** The first rule that the services break. */
export function patternServicesProblem(services: readonly (PatternService | null)[]): Problem | undefined {
  for (const item of services) {
    if (item === null) throw new NullAccess('Cannot invoke "PServices.serviceVersions()" because "s" is null');
    if (item.serviceVersions.length === 0) {
      return ['no.version.specified.for.service', item.serviceOrgid, item.serviceUrl, item.serviceArch];
    }
    for (const version of item.serviceVersions) {
      const text = versionText(version);
      if (!isVersion(text)) return ['version.not.valid.format', text];
      if ((version?.deployment_overrides ?? '') !== '' && (version?.deployment_overrides_signature ?? '') === '') {
        return ['pattern.definition.not.signed'];
      }
    }
  }
  return undefined;
}

/** @throws {NullAccess} where there is no version, or no text in it */
export function versionText(version: Pick<PatternServiceVersion, 'version'> | null): string {
  if (version === null) throw new NullAccess('Cannot invoke "version()" because "sv" is null');
  if (version.version === null) throw new NullAccess('Cannot invoke "String.trim()" because "version" is null');
  return version.version;
}
