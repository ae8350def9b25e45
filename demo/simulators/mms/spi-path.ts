/** Paths of the protocol between the two sides of the sync service ("SPI", under /spi/v1). */
import type { ObjectKey } from './stored-object.ts';

export const SPI = '/spi/v1/';

/** Header in which a node names itself, beside its login. */
export const IDENTITY_HEADER = 'x-sync-service-dest';

/** One version of one object. */
export interface ObjectVersion {
  readonly key: ObjectKey;
  readonly instanceID: bigint;
  readonly dataID: bigint;
}

export interface SpiTarget extends ObjectVersion {
  readonly action: string;
}

export function spiPath({ key, instanceID, dataID }: ObjectVersion, action: string): string {
  const names = [key.org, key.type, key.id].map(encodeURIComponent).join('/');
  return `${SPI}objects/${names}/${instanceID}/${dataID}/${action}`;
}

/** What is behind `/spi/v1/objects/`: a version and an action, or an organisation and an action. */
export function parseSpiPath(rest: string): SpiTarget | undefined {
  const names = rest.split('/');
  const action = names.at(-1) ?? '';
  const [org = '', type = '', id = '', instance = '', data = ''] = names;
  if (names.length === 2) return { key: { org, type: '', id: '' }, instanceID: 0n, dataID: 0n, action };
  if (names.length !== 5 && names.length !== 6) return undefined;
  const dataID = names.length === 6 ? data : '0';
  if (!/^-?\d+$/.test(instance) || !/^-?\d+$/.test(dataID)) return undefined;
  return { key: { org, type, id }, instanceID: BigInt(instance), dataID: BigInt(dataID), action };
}
