import { readFileSync } from 'node:fs';
import { ArmorError } from '#errors';
import type { HubState } from './types.ts';

/** The hub that the demo starts with when no file says otherwise: the state of the recorded hub. */
export const DEFAULT_HUB_STATE: HubState = {
  password: 'pw',
  orgs: ['root', 'IBM', 'acme'],
  users: [
    { id: 'root/root', root: true },
    { id: 'root/hubadmin', hubAdmin: true },
    { id: 'IBM/admin', admin: true },
    { id: 'acme/admin', admin: true, email: 'a@x.test' },
    { id: 'acme/ci' },
    { id: 'acme/other' },
  ],
  nodes: [{ id: 'acme/node1', token: 'pw', nodeType: 'device', arch: 'amd64' }],
};

/**
 * Reads a start state from a JSON file.
 *
 * @throws {ArmorError} SOURCE_MISSING, SOURCE_INVALID
 */
export function readHubState(file: string): HubState {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (cause) {
    throw new ArmorError('SOURCE_MISSING', 'the start state cannot be read', { file }, 'Name a JSON file.', { cause });
  }
  let state: unknown;
  try {
    state = JSON.parse(text);
  } catch (cause) {
    throw invalid(file, 'is no JSON', { cause });
  }
  if (!isObject(state)) throw invalid(file, 'is no JSON object');
  if (typeof state.password !== 'string' || state.password === '') throw invalid(file, 'has no password');
  if (!isListOf(state.orgs, isText)) throw invalid(file, 'has no list of orgs');
  if (!isListOf(state.users, isUser) || state.users.length === 0) throw invalid(file, 'has no users with org/name ids');
  if (!isListOf(state.nodes, isMachine)) throw invalid(file, 'has no list of nodes with org/name ids and tokens');
  if (state.agbots !== undefined && !isListOf(state.agbots, isMachine)) {
    throw invalid(file, 'has agbots without org/name ids and tokens');
  }
  const { password, orgs, users, nodes, agbots } = state;
  return { password, orgs, users, nodes, ...(agbots === undefined ? {} : { agbots }) };
}

function invalid(file: string, problem: string, options?: ErrorOptions): ArmorError {
  return new ArmorError(
    'SOURCE_INVALID',
    `the start state ${problem}`,
    { file },
    'Write it as {"password", "orgs", "users": [{"id", "admin"}], "nodes": [{"id", "token"}]}.',
    options,
  );
}

function isListOf<T>(value: unknown, isItem: (item: unknown) => item is T): value is readonly T[] {
  return Array.isArray(value) && value.every(isItem);
}

function isText(value: unknown): value is string {
  return typeof value === 'string';
}

function isUser(value: unknown): value is HubState['users'][number] {
  return isObject(value) && isId(value.id) && !('password' in value);
}

function isMachine(value: unknown): value is HubState['nodes'][number] {
  return isObject(value) && isId(value.id) && typeof value.token === 'string';
}

function isId(value: unknown): boolean {
  return typeof value === 'string' && /^[^/\s]+\/[^/\s]+$/.test(value);
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
