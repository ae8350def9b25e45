import { readFile } from 'node:fs/promises';
import { ArmorError } from '#errors';
import type { Setting } from '#tools/settings.ts';

/**
 * The certificates to trust beside the machine's own (HZN_MGMT_HUB_CERT_PATH), as PEM.
 *
 * @throws ArmorError SETTING_MISSING when the file cannot be read or holds no certificate
 */
export async function readHubCertificates(setting: Setting<string> | undefined): Promise<string | undefined> {
  if (setting === undefined || setting.value === '') return undefined;
  const { value: file, from } = setting;
  const pem = await readFile(file, 'utf8').catch(() => undefined);
  if (pem?.includes('-----BEGIN CERTIFICATE-----')) return pem;
  const what = pem === undefined ? 'cannot be read' : 'holds no PEM certificate';
  throw new ArmorError(
    'SETTING_MISSING',
    `the file of HZN_MGMT_HUB_CERT_PATH ${what}`,
    { file },
    `Correct HZN_MGMT_HUB_CERT_PATH in ${from}, or remove it for a hub with a public certificate.`,
  );
}
