import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { unlockedImages } from '#tools/bundle/images.ts';
import { loadBundle } from '#tools/bundle/load-bundle.ts';
import type { Bundle } from '#tools/bundle/types.ts';
import type { Settings } from '#tools/settings.ts';
import { loadSigner } from '#tools/signing/load-signer.ts';
import { type Diagnosis, diagnose, ok, warning } from './diagnosis.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** Settings that hzn and we would read differently, or that we do not follow, and files that others can read. */
export async function checkSettings(settings: Settings, env: Environment): Promise<Diagnosis[]> {
  const { exchangeUrl, cssUrl, org, user } = settings;
  const named = [exchangeUrl?.from, cssUrl?.from, org?.from, user?.from].filter((from) => from !== undefined);
  const sources = [...new Set(named)].join(', ');
  const found: Diagnosis[] = [ok('settings', sources === '' ? 'nothing is set' : `from ${sources}`)];
  if (env.HZN_SSL_SKIP_VERIFY !== undefined && env.HZN_SSL_SKIP_VERIFY !== '')
    found.push(
      warning(
        'settings',
        'HZN_SSL_SKIP_VERIFY is set: hzn then trusts anybody, hzn-armor does not',
        'Set HZN_MGMT_HUB_CERT_PATH to the CA of the hub instead.',
      ),
    );
  for (const [name, { value, from }] of settings.variables) {
    if (from.endsWith('/default/horizon') && value.includes('='))
      found.push(
        warning('settings', `${from}: hzn cuts the value of ${name} at its "="`, 'Set it in ~/.hzn/hzn.json instead.'),
      );
  }
  return [...found, ...(await readableByOthers(user?.from))];
}

async function readableByOthers(file: string | undefined): Promise<Diagnosis[]> {
  if (file?.startsWith('/') !== true) return [];
  const mode = (await stat(file)).mode & 0o777;
  if ((mode & 0o044) === 0) return [];
  const octal = mode.toString(8).padStart(4, '0');
  return [
    warning('settings', `${file} holds your password and is readable for others (${octal})`, `Run chmod 600 ${file}.`),
  ];
}

/** The signing key. */
export function checkKey(settings: Settings): Promise<readonly Diagnosis[]> {
  return diagnose('key', async () => {
    const { keyId, file, warnings } = await loadSigner(settings);
    return [ok('key', `${keyId} (${file})`), ...warnings.map((text) => warning('key', text, ''))];
  });
}

/** The bundle itself, and whether its images are locked to digests. */
export async function checkBundleFiles(
  cwd: string,
  dir: string,
  settings: Settings,
): Promise<{ readonly bundle?: Bundle; readonly diagnoses: readonly Diagnosis[] }> {
  let bundle: Bundle | undefined;
  const diagnoses = await diagnose('bundle', async () => {
    bundle = await loadBundle(resolve(cwd, dir), settings);
    const { name, version } = bundle.settings.value;
    return [ok('bundle', `${name} ${version} for ${bundle.org}`), ...imageLines(bundle)];
  });
  return { ...(bundle && { bundle }), diagnoses };
}

function imageLines({ services, images }: Bundle): Diagnosis[] {
  const unlocked = unlockedImages(services, images);
  if (unlocked.length === 0) return [ok('images', 'all locked to digests')];
  return unlocked.map(({ file, line, column, message, fix }) =>
    warning('images', `${file}:${line}:${column}: ${message}`, fix),
  );
}
