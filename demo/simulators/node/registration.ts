/** What an agent tells the Exchange about its node. */
import { createHash } from 'node:crypto';
import type { Body } from '#tools/bundle/types.ts';
import { record, records } from '../agbot/json-record.ts';
import { type Ask, AskFailed, type Question } from '../ask.ts';
import type { RunningAgreement } from './workloads.ts';

export interface Registration {
  readonly exchange: Ask;
  readonly org: string;
  /** Without its organisation. */
  readonly id: string;
  readonly token: string;
}

export interface NodeDescription {
  readonly arch: string;
  /** `org/name`; empty on a policy node. */
  readonly pattern: string;
  readonly userInput: unknown;
}

/** As `hzn register`: the user, if there is one, makes the node; the agent then gives it a key. @throws AskFailed */
export async function registerNode(
  registration: Registration,
  { arch, pattern, userInput }: NodeDescription,
  user: string | undefined,
): Promise<void> {
  const { org, id, token } = registration;
  const body = {
    token,
    name: id,
    nodeType: 'device',
    pattern,
    publicKey: '',
    arch,
    registeredServices: [],
    userInput,
    softwareVersions: { horizon: '2.32.0' },
  };
  const auth = user ?? nodeAuth(registration);
  await demand(registration, { method: 'PUT', path: nodePath(registration), auth, body: JSON.stringify(body) });
  const publicKey = createHash('sha256').update(`${org}/${id}`).digest('base64');
  await ask(registration, 'PATCH', '', { publicKey });
}

export async function putUserInput(registration: Registration, userInput: unknown): Promise<void> {
  await ask(registration, 'PATCH', '', { userInput });
}

/** Properties that only the agent knows are put beside those of the policy (reference/anax.md §6.5). */
export async function putNodePolicy(registration: Registration, policy: Body, builtIn: Body): Promise<void> {
  const given = records(policy.properties);
  const names = new Set(Object.keys(builtIn));
  const own = given.filter(({ name }) => name === ALLOW_PRIVILEGED || !names.has(String(name)));
  const allowsGiven = given.some(({ name }) => name === ALLOW_PRIVILEGED);
  const added = Object.entries(builtIn)
    .filter(([name]) => name !== ALLOW_PRIVILEGED || !allowsGiven)
    .map(([name, value]) => ({ name, value }));
  await ask(registration, 'PUT', '/policy?noheartbeat=true', {
    label: policy.label ?? '',
    description: policy.description ?? '',
    properties: [...own, ...added],
    constraints: policy.constraints ?? [],
    deployment: record(policy.deployment),
    management: record(policy.management),
    nodePolicyVersion: 'v2',
  });
}

export const ALLOW_PRIVILEGED = 'openhorizon.allowPrivileged';

export async function putAgreement(
  registration: Registration,
  { id, service, deployer }: RunningAgreement,
): Promise<void> {
  await ask(registration, 'PUT', `/agreements/${id}?noheartbeat=true`, {
    services: [{ orgid: service.org, url: service.url }],
    agreementService: {
      orgid: service.org,
      pattern: deployer.kind === 'pattern' ? deployer.id : '',
      url: service.url,
    },
    state: 'Finalized Agreement',
  });
}

/** An agreement that the Exchange does not know is as good as deleted. */
export async function deleteAgreement(registration: Registration, agreementId: string): Promise<void> {
  const path = `${nodePath(registration)}/agreements/${agreementId}?noheartbeat=true`;
  await registration.exchange({ method: 'DELETE', path, auth: nodeAuth(registration) });
}

export async function deleteNode(registration: Registration): Promise<void> {
  await registration.exchange({ method: 'DELETE', path: nodePath(registration), auth: nodeAuth(registration) });
}

async function ask(registration: Registration, method: 'PUT' | 'PATCH', below: string, body: Body): Promise<void> {
  const path = `${nodePath(registration)}${below}`;
  await demand(registration, { method, path, auth: nodeAuth(registration), body: JSON.stringify(body) });
}

async function demand({ exchange }: Registration, question: Question): Promise<void> {
  const { status, body } = await exchange(question);
  if (status !== 201) throw new AskFailed(`${question.method} ${question.path} was answered with ${status} ${body}`);
}

const nodePath = ({ org, id }: Registration): string =>
  `/orgs/${encodeURIComponent(org)}/nodes/${encodeURIComponent(id)}`;

const nodeAuth = ({ org, id, token }: Registration): string => `${org}/${id}:${token}`;
