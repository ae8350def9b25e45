import type { Body, KnownSignatures, ServiceBody } from './types.ts';

/**
 * What the files of an earlier build say was signed. Nothing is believed: signing verifies each piece before it keeps it,
 * so a broken or foreign dist costs no more than new signatures.
 */
export function knownFromFiles(files: ReadonlyMap<string, Buffer>): KnownSignatures {
  const services = new Map<string, Pick<ServiceBody, 'deployment' | 'deploymentSignature'>>();
  const patterns = new Map<string, Body>();
  const envelopes = new Map<string, string>();
  for (const [path, bytes] of files) {
    const [folder, base] = path.split('/');
    if (folder === 'security-policies' && base?.endsWith('.dsse.json')) {
      envelopes.set(base.slice(0, -'.dsse.json'.length), bytes.toString('utf8').trimEnd());
    } else if (folder === 'services' && base?.endsWith('.json') && !base.endsWith('.policy.json')) {
      const body = parse(bytes);
      const { deployment, deploymentSignature } = body ?? {};
      if (typeof deployment === 'string' && typeof deploymentSignature === 'string') {
        services.set(base.slice(0, -'.json'.length), { deployment, deploymentSignature });
      }
    } else if (folder === 'patterns' && base?.endsWith('.json')) {
      const body = parse(bytes);
      if (body !== undefined) patterns.set(base.slice(0, -'.json'.length), body);
    }
  }
  return { services, patterns, envelopes };
}

function parse(bytes: Buffer): Body | undefined {
  try {
    const value: unknown = JSON.parse(bytes.toString('utf8'));
    return isBody(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function isBody(value: unknown): value is Body {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
