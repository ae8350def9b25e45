import type { KnownSignatures, PolicyObject, Publishable } from '#tools/bundle/types.ts';
import { signContent } from './sign-content.ts';
import { signPattern, signService } from './sign-service.ts';
import type { Signer } from './signer.ts';

export interface SigningOptions {
  /** From clock.ts. */
  readonly unixSeconds: number;
  /** Told after each signed or kept piece. */
  readonly onProgress?: (done: number, total: number) => void;
}

/** Nothing was signed before. */
export const NOTHING_KNOWN: KnownSignatures = { services: new Map(), patterns: new Map(), envelopes: new Map() };

/**
 * Everything that carries a signature, signed: services, overrides of patterns, policy envelopes. What is known and
 * still right is kept. Node's thread pool bounds how many are made at once.
 */
export async function signPublishable(
  publishable: Publishable,
  signer: Signer,
  known: KnownSignatures,
  { unixSeconds, onProgress = () => {} }: SigningOptions,
): Promise<Publishable> {
  const { services, patterns, objects } = publishable;
  const contents = contentsOf(objects);
  const total = services.length + patterns.length + contents.length;
  let done = 0;
  const counted = async <T>(work: Promise<T>): Promise<T> => {
    const result = await work;
    onProgress(++done, total);
    return result;
  };
  const [signedServices, signedPatterns, envelopes] = await Promise.all([
    Promise.all(
      services.map(async (service) => ({
        ...service,
        body: await counted(signService(service.body, signer, known.services.get(service.id))),
      })),
    ),
    Promise.all(
      patterns.map(async (pattern) => ({
        ...pattern,
        body: await counted(signPattern(pattern.body, signer, known.patterns.get(pattern.id))),
      })),
    ),
    Promise.all(
      contents.map(
        async (content): Promise<[string, string]> => [
          content.id,
          await counted(signContent(content, signer, known.envelopes.get(content.id), unixSeconds)),
        ],
      ),
    ),
  ]);
  const byId = new Map(envelopes);
  return {
    ...publishable,
    services: signedServices,
    patterns: signedPatterns,
    objects: objects.map((object) => withEnvelope(object, byId.get(object.content.id))),
    keys: [{ keyId: signer.keyId, pem: signer.publicPem }],
  };
}

/** What a signed publishable tells the next signing. */
export function knownFrom({ services, patterns, objects }: Publishable): KnownSignatures {
  return {
    services: new Map(services.map(({ id, body }) => [id, body])),
    patterns: new Map(patterns.map(({ id, body }) => [id, body])),
    envelopes: new Map(
      objects.flatMap(({ content, envelope }): [string, string][] =>
        envelope === undefined ? [] : [[content.id, envelope]],
      ),
    ),
  };
}

/** A pattern's copy carries the same content as the object itself: one envelope for both. */
function contentsOf(objects: readonly PolicyObject[]): PolicyObject['content'][] {
  return [...new Map(objects.map(({ content }) => [content.id, content])).values()];
}

function withEnvelope(object: PolicyObject, envelope: string | undefined): PolicyObject {
  return envelope === undefined ? object : { ...object, envelope };
}
