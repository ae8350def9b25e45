import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ArmorError } from '#errors';
import { Secret } from './secret.ts';
import type { Credentials, Setting, Settings } from './settings.ts';
import { parseDefaults, parseHznJson, type SettingsFile } from './settings-files.ts';

export interface SettingsSources {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Where the machine's settings lie; `/etc` unless a test says otherwise. */
  readonly etc?: string;
}

const ENVIRONMENT = 'the environment';

/** Never offered to sources as variables. */
const CREDENTIALS = new Set(['HZN_EXCHANGE_USER_AUTH', 'HZN_EXCHANGE_NODE_AUTH', 'HZN_DEVICE_TOKEN']);

/**
 * Settings from where hzn takes them, in its order: the environment, then ~/.hzn/hzn.json, then /etc/default/horizon,
 * then /etc/horizon/hzn.json (reference/anax.md §3). Files that do not exist say nothing.
 *
 * @throws ArmorError SETTING_MISSING for a file that cannot be read, and for credentials without a password
 */
export async function loadSettings({ env, etc = '/etc' }: SettingsSources): Promise<Settings> {
  const values = await gather(env, etc);
  const home = env.HOME ?? '';
  const text = (name: string): Setting<string> | undefined => {
    const setting = values.get(name);
    return setting === undefined || setting.value === '' ? undefined : setting;
  };
  const exchangeUrl = withoutSlash(text('HZN_EXCHANGE_URL'));
  const cssUrl = withoutSlash(text('HZN_FSS_CSSURL'));
  const org = text('HZN_ORG_ID');
  const user = credentials(text('HZN_EXCHANGE_USER_AUTH'), org?.value);
  const caFile = text('HZN_ICP_CA_CERT_PATH') ?? text('HZN_MGMT_HUB_CERT_PATH');
  return {
    ...(exchangeUrl && { exchangeUrl }),
    ...(cssUrl && { cssUrl }),
    ...(org && { org }),
    ...(user && { user }),
    ...(caFile && { caFile }),
    privateKeyFile: text('HZN_PRIVATE_KEY_FILE') ?? byDefault(join(home, '.hzn/keys/service.private.key')),
    publicKeyFile: text('HZN_PUBLIC_KEY_FILE') ?? byDefault(join(home, '.hzn/keys/service.public.pem')),
    variables: new Map([...values].filter(([name]) => !CREDENTIALS.has(name))),
  };
}

async function gather(env: SettingsSources['env'], etc: string): Promise<Map<string, Setting<string>>> {
  const home = env.HOME;
  const [shipped, machine, user] = await Promise.all([
    read(join(etc, 'horizon/hzn.json'), parseHznJson),
    read(join(etc, 'default/horizon'), parseDefaults),
    home === undefined || home === '' ? undefined : read(join(home, '.hzn/hzn.json'), parseHznJson),
  ]);
  const environment: [string, Setting<string>][] = Object.entries(env).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, { value, from: ENVIRONMENT }]],
  );
  return new Map([...(shipped ?? []), ...(machine ?? []), ...(user ?? []), ...environment]);
}

async function read(
  file: string,
  parse: (text: string, file: string) => SettingsFile,
): Promise<[string, Setting<string>][]> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code === 'ENOENT' || code === 'ENOTDIR') return [];
    throw new ArmorError(
      'SETTING_MISSING',
      `the settings cannot be read (${String(code)})`,
      { file },
      'Give yourself the right to read it, or set what you need in the environment.',
    );
  }
  return [...parse(text, file)].map(([name, value]) => [name, { value, from: file }]);
}

/** `org/user:password`, or `user:password` of HZN_ORG_ID: only the part before the first colon is looked at for an org. */
function credentials(setting: Setting<string> | undefined, org: string | undefined): Setting<Credentials> | undefined {
  if (setting === undefined) return undefined;
  const colon = setting.value.indexOf(':');
  const user = colon < 0 ? '' : setting.value.slice(0, colon);
  const secret = setting.value.slice(colon + 1);
  if (user === '' || secret === '')
    throw new ArmorError(
      'SETTING_MISSING',
      'HZN_EXCHANGE_USER_AUTH is not of the form user:password',
      { request: setting.from },
      'Write org/user:password, or org/apikey:KEY.',
    );
  const id = user.includes('/') || org === undefined ? user : `${org}/${user}`;
  return { from: setting.from, value: { id, secret: new Secret(secret) } };
}

function withoutSlash(setting: Setting<string> | undefined): Setting<string> | undefined {
  if (setting === undefined) return undefined;
  return { ...setting, value: setting.value.trim().replace(/\/+$/, '') };
}

function byDefault(value: string): Setting<string> {
  return { value, from: 'the default' };
}
