import { ArmorError } from '#errors';
import { didYouMean } from '#policy/did-you-mean.ts';
import type { CatalogueEntry } from '#policy/payload.ts';
import { instantiate, type Template } from '#policy/template.ts';
import {
  type KubeArmorHostPolicy,
  type KubeArmorPolicy,
  SERVICE_NAME_LABEL,
  type SecurityPolicy,
} from '#policy/types.ts';
import { type Attachables, type AttachmentPoint, ownPolicyFile, type PlacedAttachment } from './attachments.ts';
import { ANY_HOST, ownPolicy } from './own-policy.ts';
import type { Problems } from './problems.ts';
import type { AttachedPolicies } from './types.ts';

/** KubeArmor keeps policies under this name in files of its own and never sanitises it (reference/kubearmor.md §10.6). */
const NODE_SAFE_NAME = /^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/;
const MAX_NAME = 120;

/**
 * The policies that a source attaches: templates instantiated, selectors filled in. A policy's name is what layers go by
 * (design §7.2), so it is unique for each container; the agent makes it unique on its node.
 *
 * @param problems takes what is wrong with any attachment
 */
export async function attachPolicies(
  point: AttachmentPoint,
  attachables: Attachables,
  problems: Problems,
): Promise<AttachedPolicies | undefined> {
  const made = await Promise.all(
    point.attachments.map((placed) => problems.gather(() => attachOne(placed, point, attachables))),
  );
  const attached = made.flatMap((one) => one ?? []);
  if (attached.length === 0) return undefined;
  problems.add(...sameNames(attached, point));
  const containers = new Set(attached.map(({ container }) => container));
  const [only] = containers;
  return {
    inherit: point.inherit,
    container: containers.size === 1 && only !== undefined ? only : '*',
    policies: attached.map(({ policy }) => policy),
    catalogue: catalogueOf(attached),
  };
}

interface Attached {
  readonly policy: SecurityPolicy;
  readonly container: string;
  readonly placed: PlacedAttachment;
  readonly template?: Template;
}

function attachOne(placed: PlacedAttachment, point: AttachmentPoint, attachables: Attachables): Attached[] {
  const { policy, template } = policyOf(placed, point, attachables);
  refuseBadName(policy, placed, point);
  if (policy.kind === 'KubeArmorHostPolicy') {
    if (point.kind === 'deployment') {
      throw at(
        placed,
        point,
        'a KubeArmorHostPolicy protects the host, not a container',
        'Attach it to a node policy.',
      );
    }
    return [{ policy: forHost(policy), container: '*', placed, ...(template && { template }) }];
  }
  if (point.kind === 'node')
    return [{ policy: unselected(policy), container: '*', placed, ...(template && { template }) }];
  return containersOf(placed, point).map((container) => ({
    policy: forContainer(policy, container),
    container,
    placed,
    ...(template && { template }),
  }));
}

function policyOf(
  placed: PlacedAttachment,
  point: AttachmentPoint,
  { templates, templateIds, ownPolicies }: Attachables,
): { readonly policy: SecurityPolicy; readonly template?: Template } {
  const { use, file, with: values = {} } = placed.attachment;
  if (use !== undefined && file === undefined) {
    const template = templates.get(use);
    if (template === undefined) {
      const fix = `${didYouMean(use, templateIds)}hzn-armor template list shows them all.`;
      throw at(placed, point, `there is no template "${use}"`, fix, ['use']);
    }
    const where = (path: readonly (string | number)[]) => position(placed, point, ['with', ...path]);
    return { policy: instantiate(template, values, where), template };
  }
  if (file !== undefined && use === undefined) {
    if (placed.attachment.with !== undefined) {
      throw at(placed, point, '`with` belongs to a template', 'Write the values into the policy file itself.', [
        'with',
      ]);
    }
    const path = ownPolicyFile(point.source.file, file);
    const yaml = ownPolicies.get(path);
    if (yaml === undefined) throw at(placed, point, `${path} can not be used`, 'Mend or create it.', ['file']);
    return { policy: ownPolicy(yaml, path) };
  }
  throw at(
    placed,
    point,
    'an attachment is either `use` or `file`',
    'Keep one: use names a template, file a policy of yours.',
  );
}

function containersOf(placed: PlacedAttachment, point: AttachmentPoint): readonly string[] {
  const { container } = placed.attachment;
  const { containers } = point;
  if (point.serviceMissing) return [container ?? '*'];
  if (containers === undefined) {
    if (container !== undefined && container !== '*') return [container];
    const fix = 'Add container: its name in the deployment, which the bundle can not know.';
    throw at(placed, point, 'the service is not in the bundle, so its container must be named', fix, ['container']);
  }
  const [only] = containers;
  if (container === '*') return containers;
  if (container === undefined) {
    if (containers.length === 1 && only !== undefined) return [only];
    throw at(
      placed,
      point,
      `the service has several containers`,
      `Add container: ${containers.join(', ')}, or "*" for each.`,
    );
  }
  if (containers.includes(container)) return [container];
  const fix = `${didYouMean(container, containers)}It has ${containers.join(', ')}.`;
  throw at(placed, point, `the service has no container "${container}"`, fix, ['container']);
}

/** Container policies select by the label that anax puts on each container (reference/anax.md §5.1). */
function forContainer(policy: KubeArmorPolicy, container: string): KubeArmorPolicy {
  const selector = { matchLabels: { [SERVICE_NAME_LABEL]: container } };
  return { ...bare(policy), spec: { ...policy.spec, selector } };
}

/** A node default for workloads: the agent fills in a selector for each of them. */
function unselected(policy: KubeArmorPolicy): KubeArmorPolicy {
  const { selector: _, ...spec } = policy.spec;
  return { ...bare(policy), spec };
}

function forHost(policy: KubeArmorHostPolicy): KubeArmorHostPolicy {
  return { ...bare(policy), spec: { ...policy.spec, nodeSelector: ANY_HOST } };
}

/** KubeArmor outside Kubernetes knows no namespaces (reference/kubearmor.md §3.1). */
function bare<P extends SecurityPolicy>(policy: P): P {
  const { namespace: _, ...metadata } = policy.metadata;
  return { ...policy, metadata };
}

function refuseBadName(policy: SecurityPolicy, placed: PlacedAttachment, point: AttachmentPoint): void {
  const { name } = policy.metadata;
  if (NODE_SAFE_NAME.test(name) && name.length <= MAX_NAME) return;
  const fix = `Use small letters, digits, dashes and dots, at most ${MAX_NAME}.`;
  throw at(placed, point, `"${name}" can not be the name of a policy on a node`, fix);
}

function sameNames(attached: readonly Attached[], point: AttachmentPoint): ArmorError[] {
  const seen = new Set<string>();
  return attached.flatMap(({ policy, container, placed }) => {
    const key = JSON.stringify([policy.kind, policy.metadata.name, container]);
    if (!seen.has(key)) {
      seen.add(key);
      return [];
    }
    const message = `a second policy "${policy.metadata.name}" for the same target`;
    const fix =
      placed.attachment.use === undefined
        ? 'Give one another metadata.name.'
        : 'Give one another name: with: { name: … }.';
    return [at(placed, point, message, fix)];
  });
}

function catalogueOf(attached: readonly Attached[]): CatalogueEntry[] {
  const entries = attached.flatMap(({ policy, template }): [string, CatalogueEntry][] => {
    if (template === undefined) return [];
    const { id, summary, compliance } = template;
    return [
      [JSON.stringify([policy.metadata.name, id]), { policy: policy.metadata.name, template: id, summary, compliance }],
    ];
  });
  return [...new Map(entries).values()];
}

function position(placed: PlacedAttachment, { source }: AttachmentPoint, path: readonly (string | number)[] = []) {
  return { file: source.file, ...source.locate([...placed.path, ...path]) };
}

function at(
  placed: PlacedAttachment,
  point: AttachmentPoint,
  message: string,
  fix: string,
  path: readonly (string | number)[] = [],
): ArmorError {
  return new ArmorError('SOURCE_INVALID', message, position(placed, point, path), fix);
}
