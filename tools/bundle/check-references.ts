import { ArmorError } from '#errors';
import { didYouMean } from '#policy/did-you-mean.ts';
import type { YamlPath } from '#policy/located-yaml.ts';
import { AGENT_CONTAINER, hasAgent, TRUSTED_KEYS } from './agent-services.ts';
import { architecturesOf } from './images.ts';
import { serviceId } from './service-id.ts';
import type { NodePolicyFile } from './source-types.ts';
import type { Bundle, BundledService, Property, Source, Warning } from './types.ts';

/** The node property that says which profile of default policies a node wants (design §6). */
export const PROFILE_PROPERTY = 'armor.profile';

type Sources = Pick<
  Bundle,
  'org' | 'settings' | 'services' | 'deploymentPolicies' | 'nodePolicies' | 'patterns' | 'attached'
>;

/**
 * What no single file shows: names that point nowhere, or at each other.
 *
 * @param servicesKnown false when some service could not be read: nothing is then said to be missing
 */
export function checkReferences(
  bundle: Sources,
  servicesKnown: boolean,
): { readonly problems: readonly ArmorError[]; readonly warnings: readonly Warning[] } {
  const findings = [
    ...collidingServices(bundle.services),
    ...bundle.services.flatMap((service) => serviceFindings(service, bundle)),
    ...bundle.deploymentPolicies.flatMap((policy) => [
      ...serviceReference(policy, ['service', 'name'], policy.value.service.org, policy.value.service.name, bundle),
      ...policy.value.service.serviceVersions.flatMap(({ version }, index) =>
        versionReference(
          policy,
          ['service', 'serviceVersions', index, 'version'],
          policy.value.service.name,
          version,
          bundle,
        ),
      ),
      ...inputReferences(policy, bundle),
    ]),
    ...bundle.patterns.flatMap((pattern) => [
      ...pattern.value.services.flatMap((service, index) => [
        ...serviceReference(
          pattern,
          ['services', index, 'serviceUrl'],
          service.serviceOrgid,
          service.serviceUrl,
          bundle,
        ),
        ...service.serviceVersions.flatMap(({ version }, at) =>
          versionReference(
            pattern,
            ['services', index, 'serviceVersions', at, 'version'],
            service.serviceUrl,
            version,
            bundle,
          ),
        ),
      ]),
      ...inputReferences(pattern, bundle),
      ...reservedName(pattern),
    ]),
    ...bundle.nodePolicies.flatMap((policy) => profileFindings(policy, bundle)),
  ];
  return {
    problems: findings
      .filter(({ severity, missing }) => severity === 'error' && (servicesKnown || !missing))
      .map(asError),
    warnings: findings.filter(({ severity }) => severity === 'warning').map(asWarning),
  };
}

interface Finding {
  readonly severity: 'error' | 'warning';
  /** A service that is not in the bundle. */
  readonly missing?: true;
  readonly source: Source<unknown>;
  readonly path: YamlPath;
  readonly message: string;
  readonly fix: string;
}

/** `a/b` and `a-b` have one id in the Exchange, and the second publish would replace the first. */
function collidingServices(services: readonly BundledService[]): Finding[] {
  const owners = new Map<string, string>();
  return services.flatMap(({ definition }) =>
    architecturesOf(definition.value).flatMap((arch): Finding[] => {
      const id = serviceId({ ...definition.value, arch });
      const owner = owners.get(id);
      owners.set(id, owner ?? definition.file);
      if (owner === undefined) return [];
      return [
        error(
          definition,
          ['url'],
          `its id ${id} is also that of ${owner}`,
          'Give one of them another name or version.',
        ),
      ];
    }),
  );
}

function serviceFindings({ definition }: BundledService, bundle: Sources): Finding[] {
  const { org, requiredServices = [], deployment } = definition.value;
  const findings: Finding[] = [];
  if (org !== undefined && org !== bundle.org) {
    findings.push(
      error(definition, ['org'], `the bundle is published to ${bundle.org}`, `Write \${HZN_ORG_ID}, or leave org out.`),
    );
  }
  for (const [index, required] of requiredServices.entries()) {
    const path = ['requiredServices', index];
    findings.push(...serviceReference(definition, [...path, 'url'], required.org, required.url, bundle));
    if (required.version === undefined && required.versionRange === undefined) {
      findings.push(
        error(definition, path, `${required.url} has no versionRange`, 'Add versionRange: "[1.0.0,INFINITY)".'),
      );
    }
    const provider = bundle.services.find(({ definition: { value } }) => value.url === required.url)?.definition.value;
    if (provider !== undefined && required.org === bundle.org && hasAgent(provider)) {
      const fix =
        'Remove it: deployment policies bring both to a node, and a required service would share a network with KubeArmor.';
      findings.push(error(definition, path, `a workload must not require ${required.url}`, fix));
    }
  }
  const pinned = deployment.services[AGENT_CONTAINER]?.environment?.findIndex((entry) =>
    entry.startsWith(`${TRUSTED_KEYS}=`),
  );
  if (pinned !== undefined && pinned >= 0) {
    const path = ['deployment', 'services', AGENT_CONTAINER, 'environment', pinned];
    findings.push(
      error(
        definition,
        path,
        `${TRUSTED_KEYS} is set by the build`,
        'Remove it; other keys go to trustedKeys in horizon-armor.yaml.',
      ),
    );
  }
  return findings;
}

/** A copy's file is called after the pattern: `<id>.dsse.json` is that of the envelope itself. */
function reservedName(pattern: Bundle['patterns'][number]): Finding[] {
  return pattern.name === 'dsse' ? [error(pattern, [], 'a pattern can not be called dsse', 'Rename the file.')] : [];
}

/** Services of other orgs are theirs to vouch for; one of our own must be in the bundle or declared. */
function serviceReference(
  source: Source<unknown>,
  path: YamlPath,
  org: string,
  name: string,
  bundle: Sources,
): Finding[] {
  const external = bundle.settings.value.externalServices ?? [];
  const known = [...bundle.services.map(({ definition }) => definition.value.url), ...external];
  if (org !== bundle.org || known.includes(name)) return [];
  const fix = `${didYouMean(name, known)}A service that is published from elsewhere goes to externalServices in horizon-armor.yaml.`;
  return [{ ...error(source, path, `there is no service "${name}" in the bundle`, fix), missing: true }];
}

/** An older version may still be in the Exchange; a slip of the pen is more likely. */
function versionReference(
  source: Source<unknown>,
  path: YamlPath,
  name: string,
  version: string,
  bundle: Sources,
): Finding[] {
  const versions = bundle.services
    .map(({ definition }) => definition.value)
    .filter(({ url }) => url === name)
    .map((service) => service.version);
  if (versions.length === 0 || versions.includes(version)) return [];
  const message = `the bundle has ${name} ${versions.join(', ')}, not ${version}`;
  return [
    warning(
      source,
      path,
      message,
      'Write the version of service.yaml, exactly; another one must be in the Exchange already.',
    ),
  ];
}

function inputReferences(
  source: Bundle['deploymentPolicies'][number] | Bundle['patterns'][number],
  bundle: Sources,
): Finding[] {
  return (source.value.userInput ?? []).flatMap(({ serviceOrgid, serviceUrl, inputs }, index) => {
    const path = ['userInput', index];
    const service = bundle.services.find(({ definition }) => definition.value.url === serviceUrl)?.definition.value;
    if (serviceOrgid !== bundle.org || service === undefined) {
      return serviceReference(source, [...path, 'serviceUrl'], serviceOrgid, serviceUrl, bundle);
    }
    const declared = (service.userInput ?? []).map(({ name }) => name);
    return inputs.flatMap(({ name }, at): Finding[] =>
      declared.includes(name)
        ? []
        : [
            warning(
              source,
              [...path, 'inputs', at, 'name'],
              `${serviceUrl} declares no input "${name}"`,
              `${didYouMean(name, declared)}Undeclared inputs reach the container all the same.`,
            ),
          ],
    );
  });
}

/** Node defaults go to nodes with this property, so a policy that attaches some must have it. */
function profileFindings(policy: Bundle['nodePolicies'][number], { attached }: Sources): Finding[] {
  if (!attached.has(policy.file)) return [];
  const profile = effectiveProperty(policy.value, PROFILE_PROPERTY);
  if (profile === policy.name) return [];
  const message = `nodes with this policy would not get its securityPolicies: ${PROFILE_PROPERTY} is ${profile === undefined ? 'missing' : JSON.stringify(profile)}`;
  return [
    error(policy, ['properties'], message, `Add the property { name: ${PROFILE_PROPERTY}, value: ${policy.name} }.`),
  ];
}

/** Properties of the deployment section override top-level ones (reference/anax.md §6.4). */
function effectiveProperty(
  { properties = [], deployment }: NodePolicyFile,
  name: string,
): Property['value'] | undefined {
  const find = (list: readonly Property[]) => list.find((property) => property.name === name)?.value;
  return find(deployment?.properties ?? []) ?? find(properties);
}

function error(source: Source<unknown>, path: YamlPath, message: string, fix: string): Finding {
  return { severity: 'error', source, path, message, fix };
}

function warning(source: Source<unknown>, path: YamlPath, message: string, fix: string): Finding {
  return { severity: 'warning', source, path, message, fix };
}

function asError({ source, path, message, fix }: Finding): ArmorError {
  return new ArmorError('SOURCE_INVALID', message, { file: source.file, ...source.locate(path) }, fix);
}

function asWarning({ source, path, message, fix }: Finding): Warning {
  return { file: source.file, ...source.locate(path), message, fix };
}
