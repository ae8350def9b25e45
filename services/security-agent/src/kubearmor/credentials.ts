import { isIP } from 'node:net';
import { checkServerIdentity, type PeerCertificate } from 'node:tls';
import { ChannelCredentials, credentials } from '@grpc/grpc-js';

/** PEM texts for mutual TLS. KubeArmor takes any client certificate that its CA signed (reference/kubearmor.md §1.7). */
export interface TlsSettings {
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}

/** The common name of every server certificate that KubeArmor makes for itself (§1.7). */
export const SERVER_NAME = 'kubearmor';

/** @param host as in the address that is connected to */
export function credentialsFor(tls: TlsSettings | undefined, host: string): ChannelCredentials {
  if (tls === undefined) return credentials.createInsecure();
  return ChannelCredentials.createSsl(Buffer.from(tls.ca), Buffer.from(tls.key), Buffer.from(tls.cert), {
    checkServerIdentity: (_name, certificate) => checkKubeArmorIdentity(host, certificate),
  });
}

/**
 * Whether a certificate, already verified against the CA, is KubeArmor's own. Its only subject alternative name is the
 * IP address it had at its start, in a container network its own, so the name by which we reach it is never in it
 * (§1.7). A certificate that does name the host we asked for is right as well.
 */
export function checkKubeArmorIdentity(host: string, certificate: PeerCertificate): Error | undefined {
  if (certificate.subject?.CN === SERVER_NAME) return undefined;
  const named = checkServerIdentity(host, certificate);
  if (named === undefined) return undefined;
  const asked = isIP(host) === 0 ? host : `the address ${host}`;
  return new Error(`the certificate is of "${certificate.subject?.CN ?? ''}", neither ${SERVER_NAME} nor ${asked}`);
}
