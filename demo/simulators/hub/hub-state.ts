/** In what state a hub starts: the demo's own, or one from a file (captures/hub/start-state.json has the shape). */
import { readFile } from 'node:fs/promises';
import { ArmorError } from '#errors';
import { isRecord, type JsonRecord } from '../agbot/json-record.ts';
import type { HubState } from '../types.ts';

/** One organisation with an admin, a user without rights of an admin, and an agbot that serves everybody. */
export const DEMO_STATE: HubState = {
  password: 'demo-password',
  orgs: ['root', 'IBM', 'demo'],
  users: [
    { id: 'root/root', root: true },
    { id: 'root/hubadmin', hubAdmin: true },
    { id: 'demo/admin', admin: true, email: 'admin@demo.example' },
    { id: 'demo/deployer', email: 'deployer@demo.example' },
  ],
  nodes: [],
  agbots: [{ id: 'IBM/agbot', token: 'demo-agbot-token' }],
};

/** Who publishes by default: an admin of the first organisation that is not the hub's own, else the first user. */
export function publisherOf(state: HubState): { readonly org: string; readonly user: string } {
  const own = new Set(['root', 'IBM']);
  const ours = state.users.filter(({ id }) => !own.has(id.split('/')[0] ?? ''));
  const [org = '', user = ''] = (ours.find(({ admin }) => admin) ?? ours[0] ?? state.users[0])?.id.split('/') ?? [];
  return { org, user };
}

/** @throws ArmorError for a file that cannot be read or has another shape */
export async function readHubState(file: string): Promise<HubState> {
  let value: unknown;
  try {
    value = JSON.parse(await readFile(file, 'utf8'));
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new ArmorError('SOURCE_INVALID', `no hub state: ${why}`, { file }, 'Give a readable JSON file.', { cause });
  }
  const problem = shapeProblem(value);
  if (problem !== undefined) {
    throw new ArmorError(
      'SOURCE_INVALID',
      `no hub state: ${problem}`,
      { file },
      'Give { password, orgs: ["…"], users: [{ id: "org/name" }], nodes: [{ id: "org/name", token }] }.',
    );
  }
  return stateFrom(value);
}

function shapeProblem(value: unknown): string | undefined {
  if (!isRecord(value)) return 'it is no object';
  if (typeof value.password !== 'string') return 'password is missing';
  if (!isListOf(value.orgs, (org) => typeof org === 'string')) return 'orgs is no list of names';
  if (!isListOf(value.users, hasId)) return 'users is no list of { id: "org/name" }';
  if (!isListOf(value.nodes, hasIdAndToken)) return 'nodes is no list of { id: "org/name", token }';
  if (value.agbots !== undefined && !isListOf(value.agbots, hasIdAndToken)) return 'agbots is no list of { id, token }';
  return undefined;
}

const isListOf = (value: unknown, fits: (item: unknown) => boolean): boolean =>
  Array.isArray(value) && value.every(fits);
const hasId = (item: unknown): boolean => isRecord(item) && typeof item.id === 'string' && /^[^/]+\/.+$/.test(item.id);
const hasIdAndToken = (item: unknown): boolean => hasId(item) && isRecord(item) && typeof item.token === 'string';

function stateFrom(value: unknown): HubState {
  const state = isRecord(value) ? value : {};
  const items = (name: string): JsonRecord[] => {
    const list = state[name];
    return Array.isArray(list) ? list.filter(isRecord) : [];
  };
  return {
    password: String(state.password),
    orgs: Array.isArray(state.orgs) ? state.orgs.map(String) : [],
    users: items('users').map((user) => ({
      id: String(user.id),
      ...(user.root === true && { root: true }),
      ...(user.hubAdmin === true && { hubAdmin: true }),
      ...(user.admin === true && { admin: true }),
      ...(typeof user.email === 'string' && { email: user.email }),
    })),
    nodes: items('nodes').map((node) => ({
      id: String(node.id),
      token: String(node.token),
      ...(typeof node.nodeType === 'string' && { nodeType: node.nodeType }),
      ...(typeof node.arch === 'string' && { arch: node.arch }),
    })),
    agbots: items('agbots').map(({ id, token }) => ({ id: String(id), token: String(token) })),
  };
}
