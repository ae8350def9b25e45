import type { Finding, Severity } from '#policy/finding.ts';
import { parseVersionRange } from '#policy/version-range.ts';
import { render } from '#tools/bundle/render.ts';
import type { PatternFile } from '#tools/bundle/source-types.ts';
import type { Bundle, Source } from '#tools/bundle/types.ts';
import { compatibility } from './compatibility.ts';
import { type ConstraintFinding, constraintFindings, unknownNames } from './constraint-findings.ts';
import { propertyProblem } from './property-problems.ts';
import type { Reason } from './reason.ts';
import { deploymentTerms, type NodeTerms, nodeTerms, type ServiceTerms, serviceTerms } from './terms.ts';

/** A reason with its place in the sources; a service of the hub has none. */
export interface PlacedReason {
  readonly which: Reason['which'];
  readonly message: string;
  readonly fix: string;
  readonly where: string;
}

/** Whether nodes with a node policy run a deployment policy. */
export interface Agreement {
  readonly deploymentPolicy: string;
  readonly nodePolicy: string;
  /** unknown: the service is published elsewhere, and nobody looked there. */
  readonly forms: 'yes' | 'no' | 'unknown';
  /** `org/id` of the service definition that runs. */
  readonly service?: string;
  readonly reasons: readonly PlacedReason[];
  /** What only the registered node can tell, taken to hold. */
  readonly assumed: readonly string[];
}

export interface BundleCheck {
  readonly findings: readonly Finding[];
  readonly agreements: readonly Agreement[];
}

/** Stands for the publisher's key where only what surrounds it matters. */
const ANY_KEY = '0'.repeat(64);

/**
 * What the Exchange, the agbot and the agent would make of a bundle: constraints, properties and user input by
 * themselves, and every deployment policy against every node policy. Pure.
 *
 * @param elsewhere services that are not of the bundle; undefined when nobody looked for them
 */
export function checkBundle(bundle: Bundle, elsewhere?: readonly ServiceTerms[]): BundleCheck {
  const { deploymentPolicies, nodePolicies, services } = bundle;
  const nodes = nodePolicies.map((source) => ({ source, terms: nodeTerms({ ...source.value }) }));
  const findings = [
    ...deploymentPolicies.flatMap((source) =>
      deploymentFindings(
        source,
        nodes.map(({ terms }) => terms),
      ),
    ),
    ...services.flatMap(({ policy }) => (policy === undefined ? [] : sectionFindings(policy, policy.value, []))),
    ...nodePolicies.flatMap((source) => [
      ...sectionFindings(source, source.value, []),
      ...(['deployment', 'management'] as const).flatMap((section) =>
        sectionFindings(source, source.value[section] ?? {}, [section]),
      ),
      ...privilegeBelowTop(source),
    ]),
    ...[...deploymentPolicies, ...bundle.patterns].flatMap(userInputFindings),
  ];
  const known = [...bundledServices(bundle), ...(elsewhere ?? [])];
  const agreements = deploymentPolicies.flatMap((deployment) =>
    nodes.map(({ source, terms }) => agreementOf(bundle, deployment, source, terms, known, elsewhere !== undefined)),
  );
  return { findings, agreements };
}

function bundledServices(bundle: Bundle): ServiceTerms[] {
  const { services, servicePolicies, org } = render(bundle, ANY_KEY);
  const policies = new Map(servicePolicies.map(({ id, body }) => [id, body]));
  return services.map(({ id, body }) => serviceTerms(org, { ...body }, policies.get(id)));
}

type Deployment = Bundle['deploymentPolicies'][number];
type Node = Bundle['nodePolicies'][number];

function agreementOf(
  bundle: Bundle,
  deployment: Deployment,
  node: Node,
  terms: NodeTerms,
  services: readonly ServiceTerms[],
  looked: boolean,
): Agreement {
  const names = { deploymentPolicy: deployment.name, nodePolicy: node.name };
  const wanted = deploymentTerms({ ...deployment.value });
  const { org, name } = wanted.service;
  if (!looked && !services.some((service) => service.org === org && service.url === name))
    return { ...names, forms: 'unknown', reasons: [], assumed: [] };
  const { compatible, service, reasons, assumed } = compatibility({ deployment: wanted, node: terms, services });
  return {
    ...names,
    forms: compatible ? 'yes' : 'no',
    ...(service === undefined ? {} : { service }),
    reasons: reasons.map((reason) => placed(reason, bundle, deployment, node)),
    assumed,
  };
}

function placed({ which, text, fix, where }: Reason, bundle: Bundle, deployment: Deployment, node: Node): PlacedReason {
  const source = sourceOf(where, bundle, deployment, node);
  const reason = { which, message: text, fix };
  if (source === undefined) return { ...reason, where: where.service ?? '' };
  const path = where.side === 'node' ? nodePath(node, where.path) : where.path;
  const { line, column } = source.locate(path);
  return { ...reason, where: `${source.file}:${line}:${column}` };
}

function sourceOf(
  { side, service: id, path }: Reason['where'],
  { services, org }: Bundle,
  deployment: Deployment,
  node: Node,
): Pick<Source<unknown>, 'file' | 'locate'> | undefined {
  if (side === 'deployment') return deployment;
  if (side === 'node') return node;
  const service = services.find(({ definition: { value } }) => id?.startsWith(`${org}/${value.url}_${value.version}_`));
  return path[0] === 'constraints' ? service?.policy : service?.definition;
}

/** Constraints of the deployment section count instead of those above it. */
function nodePath(node: Node, path: readonly (string | number)[]): readonly (string | number)[] {
  const replaced = path[0] === 'constraints' && (node.value.deployment?.constraints ?? []).length > 0;
  return replaced ? ['deployment', ...path] : path;
}

function deploymentFindings(source: Deployment, nodes: readonly NodeTerms[]): Finding[] {
  const { constraints } = source.value;
  const properties = nodes.flatMap((node) => node.properties);
  const everywhere = constraints.every((text) => text.trim() === '');
  return [
    ...sectionFindings(source, source.value, []),
    ...(nodes.length === 0
      ? []
      : unknownNames(constraints, properties).map((found) => atConstraint(source, [], found))),
    ...(everywhere
      ? [
          finding(
            source,
            ['constraints'],
            'warning',
            'without constraints this deploys to every node of the org',
            'Add one, if that is not meant.',
          ),
        ]
      : []),
  ];
}

interface Section {
  readonly properties?: readonly { readonly name: string; readonly value: unknown; readonly type?: string }[];
  readonly constraints?: readonly string[];
}

function sectionFindings(source: Source<unknown>, section: Section, at: readonly string[]): Finding[] {
  const properties = (section.properties ?? []).flatMap((property, index) => {
    const problem = propertyProblem(property);
    return problem === undefined
      ? []
      : [finding(source, [...at, 'properties', index, 'value'], 'error', problem.message, problem.fix)];
  });
  return [
    ...properties,
    ...constraintFindings(section.constraints ?? []).map((found) => atConstraint(source, at, found)),
  ];
}

function atConstraint(
  source: Source<unknown>,
  at: readonly string[],
  { index, severity, message, fix }: ConstraintFinding,
): Finding {
  return finding(source, [...at, 'constraints', index], severity, message, fix);
}

/** Nodes of a pattern look at the top level only (reference/anax.md §1.4). */
function privilegeBelowTop(source: Node): Finding[] {
  const name = 'openhorizon.allowPrivileged';
  const has = (properties: Section['properties']): boolean => (properties ?? []).some((each) => each.name === name);
  if (!has(source.value.deployment?.properties) || has(source.value.properties)) return [];
  return [
    finding(
      source,
      ['deployment', 'properties'],
      'warning',
      `${name} stands in the deployment section, where nodes of a pattern do not look`,
      'Write it among the top-level properties.',
    ),
  ];
}

/** What the Exchange answers with 400, whatever else is right (reference/exchange-mms.md §0, §A.8). */
function userInputFindings(source: Source<Pick<PatternFile, 'userInput'>>): Finding[] {
  return (source.value.userInput ?? []).flatMap(({ serviceArch, serviceVersionRange: range = '' }, index) => {
    const path = ['userInput', index];
    const findings: Finding[] = [];
    if (serviceArch === '*')
      findings.push(
        finding(
          source,
          [...path, 'serviceArch'],
          'error',
          'the Exchange refuses serviceArch "*" here',
          'Leave it out.',
        ),
      );
    if (range !== '') {
      const parsed = parseVersionRange(range);
      if (parsed === undefined)
        findings.push(
          finding(
            source,
            [...path, 'serviceVersionRange'],
            'error',
            `${range} is no version range`,
            'Write [1.0.0,2.0.0).',
          ),
        );
      else if (parsed.low === parsed.high)
        findings.push(
          finding(
            source,
            [...path, 'serviceVersionRange'],
            'error',
            'the Exchange refuses a range of a single version here',
            `Write [${parsed.low},INFINITY), or leave it out.`,
          ),
        );
    }
    return findings;
  });
}

function finding(
  source: Source<unknown>,
  path: readonly (string | number)[],
  severity: Severity,
  message: string,
  fix: string,
): Finding {
  return { file: source.file, ...source.locate(path), rule: 'check', severity, message, fix };
}
