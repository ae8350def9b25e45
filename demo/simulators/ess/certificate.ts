/** The certificate with which an agent serves its ESS: made by itself, for localhost, for 500 days (anax resource/certificate.go). */
import { createHash, generateKeyPair, type KeyObject, randomBytes, sign } from 'node:crypto';
import { promisify } from 'node:util';
import {
  bitString,
  boolean,
  explicit,
  implicit,
  integer,
  octetString,
  oid,
  sequence,
  set,
  utcTime,
  utf8String,
} from './der.ts';

const DAYS = 500;
const HOSTS = [
  'localhost',
  'e2edevtest',
  'agent-service.openhorizon-agent.svc.cluster.local',
  'agent-service',
  'agent-service.openhorizon-agent.svc',
];
const ADDRESSES = [Buffer.from([127, 0, 0, 1]), Buffer.from([...new Array<number>(15).fill(0), 1])];
const SHA256_WITH_RSA = sequence(oid('1.2.840.113549.1.1.11'), Buffer.from([0x05, 0x00]));

export interface CertificateAndKey {
  /** PEM. */
  readonly cert: string;
  readonly key: string;
}

/** @param org the node's organisation, named in the subject */
export async function makeCertificate(org: string, now = new Date()): Promise<CertificateAndKey> {
  const { publicKey, privateKey } = await promisify(generateKeyPair)('rsa', { modulusLength: 2048 });
  const body = toBeSigned(org, publicKey, now);
  const der = sequence(body, SHA256_WITH_RSA, bitString(sign('sha256', body, privateKey)));
  const lines = der.toString('base64').match(/.{1,64}/g) ?? [];
  return {
    cert: `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`,
    key: String(privateKey.export({ type: 'pkcs1', format: 'pem' })),
  };
}

function toBeSigned(org: string, publicKey: KeyObject, now: Date): Buffer {
  const spki = publicKey.export({ type: 'spki', format: 'der' });
  const name = sequence(
    attribute('2.5.4.10', org),
    attribute('2.5.4.11', 'Edge Node'),
    attribute('2.5.4.3', 'localhost'),
  );
  const until = new Date(now.getTime() + DAYS * 86_400_000);
  return sequence(
    explicit(0, integer(Buffer.from([2]))),
    integer(Buffer.concat([Buffer.from([1]), randomBytes(15)])),
    SHA256_WITH_RSA,
    name,
    sequence(utcTime(now), utcTime(until)),
    name,
    spki,
    explicit(3, extensions(spki)),
  );
}

const attribute = (type: string, value: string): Buffer => set(sequence(oid(type), utf8String(value)));

function extensions(spki: Buffer): Buffer {
  const extension = (id: string, critical: boolean, value: Buffer): Buffer =>
    sequence(oid(id), ...(critical ? [boolean(true)] : []), octetString(value));
  const names = [...HOSTS.map((host) => implicit(2, Buffer.from(host))), ...ADDRESSES.map((ip) => implicit(7, ip))];
  return sequence(
    // Key usage: digital signature, key encipherment, certificate signing.
    extension('2.5.29.15', true, bitString(Buffer.from([0b1010_0100]), 2)),
    extension('2.5.29.37', false, sequence(oid('1.3.6.1.5.5.7.3.1'))),
    extension('2.5.29.19', true, sequence(boolean(true))),
    extension('2.5.29.14', false, octetString(createHash('sha1').update(spki).digest())),
    extension('2.5.29.17', false, sequence(...names)),
  );
}
