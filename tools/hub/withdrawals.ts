import type { PolicyContent } from '#policy/payload.ts';
import { seqOf } from '#tools/bundle/object-metadata.ts';
import type { Body } from '#tools/bundle/types.ts';
import { signContent } from '#tools/signing/sign-content.ts';
import type { Signer } from '#tools/signing/signer.ts';
import type { Withdrawable } from './leftovers.ts';
import { UNLIMITED_CONSUMERS } from './quirks.ts';
import type { Step } from './step.ts';

/**
 * Steps that end security policies: the same id and place, a higher seq, no policies. Deleting an object is no
 * withdrawal: a node keeps what merely vanished (design §7.1).
 */
export async function signWithdrawals(
  withdrawables: readonly Withdrawable[],
  signer: Signer,
  unixSeconds: number,
): Promise<Step[]> {
  const steps = await Promise.all(
    withdrawables.map(async ({ payload, envelope: known, objects, file }) => {
      const { seq: _, ...content } = payload;
      const withdrawal: PolicyContent = { ...content, policies: [], catalogue: [] };
      const envelope = await signContent(withdrawal, signer, known, unixSeconds);
      return objects.map(
        ({ metadata }): Step => ({
          action: 'withdraw',
          policies: payload.policies.map((policy) => policy.metadata.name),
          resource: {
            kind: 'security-policy',
            id: metadata.objectID,
            file,
            contentId: payload.id,
            metadata: withVersion(metadata.body, String(seqOf(envelope))),
            envelope,
            needs: [],
          },
        }),
      );
    }),
  );
  return steps.flat();
}

/** The stored metadata as it would be sent: the same place, another version. */
function withVersion(stored: Body, version: string): Body {
  const { objectID, objectType, destinationOrgID, destinationType, destinationPolicy, description, consumers } = stored;
  const placement = isBody(destinationPolicy)
    ? {
        destinationPolicy: Object.fromEntries(
          Object.entries(destinationPolicy).filter(([field]) => field !== 'timestamp'),
        ),
      }
    : { destinationType };
  return {
    objectID,
    objectType,
    destinationOrgID,
    ...placement,
    version,
    description,
    consumers: consumers === UNLIMITED_CONSUMERS ? -1 : consumers,
  };
}

function isBody(value: unknown): value is Body {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
