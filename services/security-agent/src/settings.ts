import { ArmorError } from '#errors';
import type { HealMode } from './healing/decide.ts';
import type { EssAddress } from './sources/ess-client.ts';
import type { OnVanish } from './sources/vanish.ts';

/**
 * Everything that can be set, from the container's environment: ARMOR_… in the service definition, HZN_… from anax
 * (reference/anax.md §5.2). docs/agent.md lists them.
 */
export interface AgentSettings {
  /** `org/node`. */
  readonly node: string;
  readonly org: string;
  /** The agent's own agreement: its containers are infrastructure, not workloads. */
  readonly agreement: string | undefined;
  /** Go architecture name. */
  readonly arch: string;
  readonly ess: EssAddress | undefined;
  /** Key ids (hex SHA-256 of SPKI DER) whose envelopes are taken. */
  readonly trustedKeys: ReadonlySet<string>;
  /** `host:port` of KubeArmor's gRPC. */
  readonly kubearmorAddress: string;
  /** Folder with ca.crt, client.crt, client.key for mutual TLS. */
  readonly kubearmorTls: string | undefined;
  /** `http://host:port` or `unix:///path` of the Docker proxy; undefined: run without. */
  readonly docker: string | undefined;
  readonly dataDir: string;
  readonly apiHost: string;
  readonly apiPort: number;
  readonly pollMs: number;
  /** Between two status reports to the hub, at the least. */
  readonly reportMs: number;
  readonly heal: HealMode;
  /** How long a run after a crash must have lasted before it is healed. */
  readonly healSettleMs: number;
  readonly onVanish: OnVanish;
  /** The host's list of active LSMs, bound read-only. */
  readonly lsmFile: string;
  readonly logLevel: string;
}

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Reads and checks the settings.
 *
 * @throws ArmorError SETTING_MISSING or USAGE, naming the variable
 */
export function readSettings(env: Environment): AgentSettings {
  const org = required(
    env,
    'HZN_ORGANIZATION',
    'anax sets it for every service; outside of Open Horizon set it to the org',
  );
  const node = required(
    env,
    'HZN_NODE_ID',
    'anax sets it for every service; outside of Open Horizon set it to the node id',
  );
  return {
    node: `${org}/${node}`,
    org,
    agreement: text(env, 'HZN_AGREEMENTID'),
    arch: text(env, 'HZN_ARCH') ?? process.arch.replace('x64', 'amd64'),
    ess: essAddress(env),
    trustedKeys: trustedKeys(env),
    kubearmorAddress: text(env, 'ARMOR_KUBEARMOR') ?? 'kubearmor:32767',
    kubearmorTls: text(env, 'ARMOR_KUBEARMOR_TLS'),
    docker: dockerAddress(env),
    dataDir: text(env, 'ARMOR_DATA') ?? '/data',
    apiHost: text(env, 'ARMOR_API_HOST') ?? '0.0.0.0',
    apiPort: integer(env, 'ARMOR_API_PORT', 8787, 0, 65535),
    pollMs: 1000 * integer(env, 'ARMOR_POLL_SECONDS', 5, 1, 3600),
    reportMs: 1000 * integer(env, 'ARMOR_REPORT_SECONDS', 60, 1, 86_400),
    heal: oneOf(env, 'ARMOR_HEAL', ['restart', 'report']),
    healSettleMs: 1000 * integer(env, 'ARMOR_HEAL_SETTLE_SECONDS', 10, 0, 3600),
    onVanish: oneOf(env, 'ARMOR_ON_VANISH', ['keep', 'drop']),
    lsmFile: text(env, 'ARMOR_LSM_FILE') ?? '/sys/kernel/security/lsm',
    logLevel: oneOf(env, 'ARMOR_LOG_LEVEL', ['info', 'debug', 'warn', 'error']),
  };
}

function essAddress(env: Environment): EssAddress | undefined {
  const socketPath = text(env, 'HZN_ESS_API_ADDRESS');
  if (socketPath === undefined) return undefined;
  return {
    socketPath,
    authFile: text(env, 'HZN_ESS_AUTH') ?? '/ess-auth/auth.json',
    certFile: text(env, 'HZN_ESS_CERT') ?? '/ess-cert/cert.pem',
  };
}

const KEY_ID = /^[0-9a-f]{64}$/;

/** Without a pinned key no policy could ever be taken: better said at the start than found out later. */
function trustedKeys(env: Environment): ReadonlySet<string> {
  const name = 'ARMOR_TRUSTED_KEYS';
  const ids = required(env, name, 'the bundle writes it into the service definition')
    .split(',')
    .map((id) => id.trim());
  const wrong = ids.find((id) => !KEY_ID.test(id));
  if (wrong !== undefined) throw unusable(name, `"${wrong}" is no key id (64 lower-case hex digits)`);
  return new Set(ids);
}

function dockerAddress(env: Environment): string | undefined {
  const value = text(env, 'ARMOR_DOCKER') ?? 'http://docker-proxy:2375';
  if (value === 'none') return undefined;
  if (/^(http|tcp):\/\/[^/]+$|^unix:\/\/\//.test(value)) return value.replace(/^tcp:/, 'http:');
  throw unusable('ARMOR_DOCKER', `"${value}" is neither http://host:port nor unix:///path nor none`);
}

function text(env: Environment, name: string): string | undefined {
  const value = env[name];
  return value === undefined || value === '' ? undefined : value;
}

function required(env: Environment, name: string, fix: string): string {
  const value = text(env, name);
  if (value !== undefined) return value;
  throw new ArmorError('SETTING_MISSING', `${name} is not set`, { request: `environment ${name}` }, `${fix}.`);
}

function integer(env: Environment, name: string, otherwise: number, least: number, most: number): number {
  const given = text(env, name);
  if (given === undefined) return otherwise;
  const value = Number(given);
  if (Number.isInteger(value) && value >= least && value <= most) return value;
  throw unusable(name, `"${given}" is no whole number from ${least} to ${most}`);
}

/** The first of the choices is the default. */
function oneOf<Choice extends string>(env: Environment, name: string, choices: readonly [Choice, ...Choice[]]): Choice {
  const given = text(env, name);
  if (given === undefined) return choices[0];
  const choice = choices.find((each) => each === given);
  if (choice !== undefined) return choice;
  throw unusable(name, `"${given}" is none of ${choices.join(', ')}`);
}

function unusable(name: string, message: string): ArmorError {
  return new ArmorError(
    'USAGE',
    message,
    { request: `environment ${name}` },
    `Correct ${name} in the service definition or user input.`,
  );
}
