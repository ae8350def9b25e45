/** The environment of a container that an agent starts (reference/anax.md §4.2, §4.4, §5.2). Pure. */
import type { ServiceTerms, UserInputTerms } from '#tools/compat/terms.ts';

/** What the agent knows of itself and its node. */
export interface NodeFacts {
  readonly org: string;
  /** Without its organisation. */
  readonly id: string;
  /** `org/name`; empty on a policy node. */
  readonly pattern: string;
  readonly exchangeUrl: string;
  readonly arch: string;
  readonly cpus: number;
  /** Megabytes. */
  readonly memory: number;
  readonly hardwareId: string;
  readonly hostIps: readonly string[];
  readonly allowPrivileged: boolean;
  /** HZN_ESS_API_ADDRESS */
  readonly essSocket: string;
}

export interface EnvironmentQuestion {
  readonly node: NodeFacts;
  /** Only a top-level service is told its agreement. */
  readonly agreementId?: string;
  readonly service: ServiceTerms;
  /** Of the node, which wins, and of the policy or pattern. */
  readonly nodeInput: readonly UserInputTerms[];
  readonly deployerInput: readonly UserInputTerms[];
  /** `environment` of the container's definition, and what a pattern adds. */
  readonly entries: readonly string[];
}

/** Entries as `NAME=value`; of a name that comes twice the last counts. */
export function containerEnvironment(question: EnvironmentQuestion): string[] {
  const { node, agreementId, entries } = question;
  const platform: Readonly<Record<string, string>> = {
    HZN_DEVICE_ID: node.id,
    HZN_NODE_ID: node.id,
    HZN_ORGANIZATION: node.org,
    HZN_PATTERN: node.pattern.slice(node.pattern.indexOf('/') + 1),
    HZN_EXCHANGE_URL: `${node.exchangeUrl}/`,
    HZN_ESS_API_PROTOCOL: 'secure-unix',
    HZN_ESS_API_ADDRESS: node.essSocket,
    HZN_ESS_API_PORT: '0',
    HZN_ESS_AUTH: '/ess-auth/auth.json',
    HZN_ESS_CERT: '/ess-cert/cert.pem',
    HZN_CPUS: String(node.cpus),
    HZN_RAM: String(node.memory),
    HZN_ARCH: node.arch,
    HZN_HARDWAREID: node.hardwareId,
    HZN_HOST_IPS: node.hostIps.join(','),
    HZN_PRIVILEGED: String(node.allowPrivileged),
    ...(agreementId === undefined ? {} : { HZN_AGREEMENTID: agreementId }),
  };
  const given = { ...inputsOf(question), ...platform };
  return [...Object.entries(given).map(([name, value]) => `${name}=${value}`), ...entries];
}

/** The first that sets a name wins: node, policy or pattern, default. Architecture and version range do not count here. */
function inputsOf({ service, nodeInput, deployerInput }: EnvironmentQuestion): Record<string, string> {
  const inputs: Record<string, string> = {};
  const mine = [...nodeInput, ...deployerInput].filter(
    ({ serviceOrgid, serviceUrl }) => serviceOrgid === service.org && serviceUrl === service.url,
  );
  for (const { name, value } of mine.flatMap((entry) => entry.inputs)) {
    const text = inputText(value);
    if (text !== undefined) inputs[name] ??= text;
  }
  for (const { name, defaultValue } of service.userInput) if (defaultValue !== '') inputs[name] ??= defaultValue;
  return inputs;
}

/** `undefined` for a value that no environment can carry. */
function inputText(value: unknown): string | undefined {
  if (typeof value === 'string') return value;
  if (typeof value === 'boolean') return String(value);
  if (typeof value === 'number') return Number.isInteger(value) ? String(value) : value.toFixed(6);
  if (!Array.isArray(value)) return undefined;
  return value.filter((item) => typeof item === 'string').join(' ');
}
