import { createPublicKey } from 'node:crypto';
import { ArmorError, ArmorErrors } from '#errors';
import { openEnvelope } from '#policy/envelope.ts';
import type { Body, KnownSignatures, PolicyObject, Publishable } from '#tools/bundle/types.ts';
import { saysTheSame } from '#tools/signing/sign-content.ts';
import { overridesOf } from '#tools/signing/sign-service.ts';
import { textIsSigned } from '#tools/signing/signature.ts';

/**
 * A signed publishable (of a dist) with the hub's signatures in place of its own wherever both are of its keys and over
 * the same: PSS is randomised, and what differs in the signature alone is no change. Needs no private key.
 *
 * @throws ArmorErrors HUB_CONFLICT where the hub has a newer security policy than the dist: nodes would refuse the older
 */
export function adoptSignatures(publishable: Publishable, known: KnownSignatures): Publishable {
  const keys = publishable.keys.map(({ pem }) => createPublicKey(pem));
  const isSigned = (text: string, signature: string): boolean => keys.some((key) => textIsSigned(text, signature, key));
  const keyIds = new Set(publishable.keys.map(({ keyId }) => keyId));
  // By content: the copies of one share its envelope, and its problem.
  const problems = new Map<string, ArmorError>();
  const objects = publishable.objects.map((object) => {
    const adopted = adoptEnvelope(object, known.envelopes.get(object.content.id), keyIds);
    if (adopted instanceof ArmorError) problems.set(object.content.id, adopted);
    return adopted instanceof ArmorError ? object : adopted;
  });
  const [first, ...rest] = problems.values();
  if (first !== undefined) throw new ArmorErrors([first, ...rest]);
  return {
    ...publishable,
    services: publishable.services.map((service) => {
      const { deployment, deploymentSignature = '' } = known.services.get(service.id) ?? {};
      const keep = deployment === service.body.deployment && isSigned(service.body.deployment, deploymentSignature);
      return keep ? { ...service, body: { ...service.body, deploymentSignature } } : service;
    }),
    patterns: publishable.patterns.map((pattern) =>
      keepsOverrides(pattern.body, known.patterns.get(pattern.id), isSigned)
        ? { ...pattern, body: withOverrideSignatures(pattern.body, known.patterns.get(pattern.id)) }
        : pattern,
    ),
    objects,
  };
}

function adoptEnvelope(
  object: PolicyObject,
  known: string | undefined,
  keyIds: ReadonlySet<string>,
): PolicyObject | ArmorError {
  if (known === undefined || object.envelope === undefined) return object;
  const { payload: stored } = openEnvelope(known, keyIds);
  if (saysTheSame(object.content, stored)) return { ...object, envelope: known };
  const { payload: ours } = openEnvelope(object.envelope, keyIds);
  if (ours.seq > stored.seq) return object;
  return new ArmorError(
    'HUB_CONFLICT',
    `the hub has a newer version of ${object.content.id} (seq ${stored.seq}) than this dist (seq ${ours.seq})`,
    { file: object.file },
    'Build the dist again: nodes refuse to go back to a lower seq.',
  );
}

type IsSigned = (text: string, signature: string) => boolean;

/** Whether the hub's pattern has the same overrides, each with a signature of ours. */
function keepsOverrides(body: Body, known: Body | undefined, isSigned: IsSigned): boolean {
  const wanted = overridesOf(body);
  const stored = new Map(overridesOf(known).map(({ text, signature }) => [text, signature]));
  return wanted.length > 0 && wanted.every(({ text }) => isSigned(text, stored.get(text) ?? ''));
}

function withOverrideSignatures(body: Body, known: Body | undefined): Body {
  const signatures = new Map(overridesOf(known).map(({ text, signature }) => [text, signature]));
  const adopt = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(adopt);
    if (!isRecord(value)) return value;
    const { deployment_overrides: text } = value;
    const signature = typeof text === 'string' ? signatures.get(text) : undefined;
    const copy = Object.fromEntries(Object.entries(value).map(([field, inner]) => [field, adopt(inner)]));
    return signature === undefined ? copy : { ...copy, deployment_overrides_signature: signature };
  };
  return { ...body, services: adopt(body.services) };
}

function isRecord(value: unknown): value is Body {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
