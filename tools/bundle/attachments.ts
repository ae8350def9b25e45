import { posix } from 'node:path';
import type { LocatedYaml } from '#policy/located-yaml.ts';
import type { Template } from '#policy/template.ts';
import { HARDENING } from './source-files.ts';
import type { DeploymentPolicyFile, NodePolicyFile } from './source-types.ts';
import type { Attachment, Named } from './types.ts';

/** An attachment and where it stands in the file that attaches it. */
export interface PlacedAttachment {
  readonly attachment: Attachment;
  readonly path: readonly (string | number)[];
}

/** What one policy source attaches, in the order written. */
export interface AttachmentPoint {
  readonly source: Named<DeploymentPolicyFile> | Named<NodePolicyFile>;
  readonly inherit: boolean;
  readonly attachments: readonly PlacedAttachment[];
  /** Containers of the deployed service when it is in the bundle; absent for node policies and services of others. */
  readonly containers?: readonly string[];
  /** The service should be in the bundle and is not, which is reported elsewhere: its containers can be anything. */
  readonly serviceMissing?: true;
  readonly kind: 'deployment' | 'node';
}

/** Templates by id and policies of one's own by file: what attachments name, read. */
export interface Attachables {
  readonly templates: ReadonlyMap<string, Template>;
  /** Every id there is, read or not. */
  readonly templateIds: readonly string[];
  readonly ownPolicies: ReadonlyMap<string, LocatedYaml>;
}

/** The attachments of a source: `securityPolicies` as a list, or as `{inherit, policies}`. */
export function placedAttachments(file: DeploymentPolicyFile | NodePolicyFile): {
  readonly inherit: boolean;
  readonly attachments: readonly PlacedAttachment[];
} {
  const { securityPolicies } = file;
  if (securityPolicies === undefined) return { inherit: true, attachments: [] };
  if ('policies' in securityPolicies) {
    return {
      inherit: securityPolicies.inherit ?? true,
      attachments: securityPolicies.policies.map((attachment, index) => ({
        attachment,
        path: ['securityPolicies', 'policies', index],
      })),
    };
  }
  return {
    inherit: true,
    attachments: securityPolicies.map((attachment, index) => ({ attachment, path: ['securityPolicies', index] })),
  };
}

/** The file that `use: <id>` names. */
export function templateFile(id: string): string {
  return `${HARDENING}/${id}.yaml`;
}

/** The file that `file: <path>` names, relative to the bundle: the path is relative to the source that says it. */
export function ownPolicyFile(source: string, path: string): string {
  return posix.normalize(posix.join(posix.dirname(source), path));
}
