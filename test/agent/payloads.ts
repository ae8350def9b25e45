import { createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { keyIdOf } from '#policy/envelope.ts';
import type { Layer, PolicyPayload } from '#policy/payload.ts';
import { type KubeArmorPolicy, SERVICE_NAME_LABEL } from '#policy/types.ts';

/** A publisher's key pair as tests need it; 2048 bits, because making it must not take long. */
export interface Publisher {
  readonly privateKey: KeyObject;
  readonly keyId: string;
}

export function newPublisher(): Publisher {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  return { privateKey, keyId: keyIdOf(createPublicKey(privateKey)) };
}

/** A container policy that blocks writing below one directory. */
export function blockWrites(name: string, dir = '/etc/', action: 'Block' | 'Audit' = 'Block'): KubeArmorPolicy {
  return {
    apiVersion: 'security.kubearmor.com/v1',
    kind: 'KubeArmorPolicy',
    metadata: { name },
    spec: { file: { matchDirectories: [{ dir, recursive: true, readOnly: true }] }, action },
  };
}

/** A payload for the container `container` of acme's service of the same name, or for the whole node. */
export function payload(
  publisher: Pick<Publisher, 'keyId'>,
  name: string,
  {
    layer = 'deployment',
    seq = 1,
    container = name,
    policies = [blockWrites(name)],
    inherit = true,
  }: { layer?: Layer; seq?: number; container?: string; policies?: PolicyPayload['policies']; inherit?: boolean } = {},
): PolicyPayload {
  const selected = policies.map((policy) =>
    policy.kind === 'KubeArmorPolicy' && layer !== 'node'
      ? { ...policy, spec: { ...policy.spec, selector: { matchLabels: { [SERVICE_NAME_LABEL]: container } } } }
      : policy,
  );
  return {
    format: 1,
    id: `${layer}.${name}.${publisher.keyId.slice(0, 12)}`,
    layer,
    seq,
    inherit,
    target:
      layer === 'node'
        ? { host: true }
        : { org: 'acme', service: container, container, arch: '*', versionRange: '[1.0.0,INFINITY)' },
    policies: selected,
    catalogue: [],
  };
}
