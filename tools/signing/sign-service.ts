import type { Body, ServiceBody } from '#tools/bundle/types.ts';
import { signText, textIsSigned } from './signature.ts';
import type { Signer } from './signer.ts';

/**
 * The service with its deployment signed. PSS is randomised: a known signature over the same text that this key made
 * is kept, so that nothing unchanged differs from what the hub or the last build has.
 */
export async function signService(
  body: ServiceBody,
  signer: Signer,
  known?: Pick<ServiceBody, 'deployment' | 'deploymentSignature'>,
): Promise<ServiceBody> {
  if (body.deployment === '') return body;
  const kept = known?.deployment === body.deployment ? known.deploymentSignature : '';
  return { ...body, deploymentSignature: await signatureOf(body.deployment, signer, kept) };
}

/** The pattern with each of its `deployment_overrides` signed, equal ones alike; known signatures kept as for services. */
export async function signPattern(body: Body, signer: Signer, known?: Body): Promise<Body> {
  const texts = [...new Set(overridesOf(body).map(({ text }) => text))];
  if (texts.length === 0) return body;
  const kept = new Map(overridesOf(known).map(({ text, signature }) => [text, signature]));
  const signatures = new Map(
    await Promise.all(
      texts.map(
        async (text): Promise<[string, string]> => [text, await signatureOf(text, signer, kept.get(text) ?? '')],
      ),
    ),
  );
  const signVersion = (version: unknown): unknown => {
    const [override] = overridesIn(version);
    if (override === undefined || !isRecord(version)) return version;
    return { ...version, deployment_overrides_signature: signatures.get(override.text) };
  };
  const services = listOf(body.services).map((service) =>
    isRecord(service) ? { ...service, serviceVersions: listOf(service.serviceVersions).map(signVersion) } : service,
  );
  return { ...body, services };
}

/** The signed texts of a pattern, for whoever verifies them. */
export function overridesOf(body: Body | undefined): { readonly text: string; readonly signature: string }[] {
  return listOf(body?.services).flatMap((service) =>
    isRecord(service) ? listOf(service.serviceVersions).flatMap(overridesIn) : [],
  );
}

function overridesIn(version: unknown): { text: string; signature: string }[] {
  if (!isRecord(version)) return [];
  const { deployment_overrides: text, deployment_overrides_signature: signature } = version;
  if (typeof text !== 'string' || text === '') return [];
  return [{ text, signature: typeof signature === 'string' ? signature : '' }];
}

async function signatureOf(text: string, signer: Signer, kept: string): Promise<string> {
  return textIsSigned(text, kept, signer.publicKey) ? kept : signText(text, signer.privateKey);
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function isRecord(value: unknown): value is Body {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
