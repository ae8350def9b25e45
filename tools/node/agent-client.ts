import { readFile } from 'node:fs/promises';
import type { AgentEvent } from '#agent/events/agent-event.ts';
import { ArmorError } from '#errors';
import { Secret } from '#tools/secret.ts';

/** How to reach the security agent of a node. */
export interface AgentAddress {
  /** `http://127.0.0.1:8787` unless ARMOR_AGENT_URL says otherwise. */
  readonly url: string;
  readonly token: Secret;
}

const DEFAULT_URL = 'http://127.0.0.1:8787';
/** Where Docker keeps the agent's data volume, whose name the service definition gives. */
const DEFAULT_TOKEN_FILE = '/var/lib/docker/volumes/security-agent-data/_data/api-token';

/**
 * The address from options and environment (ARMOR_AGENT_URL, ARMOR_AGENT_TOKEN, ARMOR_AGENT_TOKEN_FILE).
 *
 * @throws ArmorError SETTING_MISSING when no token can be read
 */
export async function agentAddress(
  options: { readonly url?: string; readonly tokenFile?: string },
  env: Readonly<Record<string, string | undefined>>,
): Promise<AgentAddress> {
  const url = (options.url ?? env.ARMOR_AGENT_URL ?? DEFAULT_URL).replace(/\/$/, '');
  if (env.ARMOR_AGENT_TOKEN !== undefined && options.tokenFile === undefined) {
    return { url, token: new Secret(env.ARMOR_AGENT_TOKEN) };
  }
  const file = options.tokenFile ?? env.ARMOR_AGENT_TOKEN_FILE ?? DEFAULT_TOKEN_FILE;
  const text = await readFile(file, 'utf8').catch((error: unknown) => {
    throw new ArmorError(
      'SETTING_MISSING',
      `the agent's token cannot be read: ${error instanceof Error ? error.message : String(error)}`,
      { file },
      'Run it as root on the node, or give --token-file or ARMOR_AGENT_TOKEN.',
    );
  });
  return { url, token: new Secret(text.trim()) };
}

/**
 * One document of the API.
 *
 * @param path as in the API's description (docs/api.md), `/v1/status` say
 * @throws ArmorError NODE_UNREACHABLE, or HUB_DENIED for a wrong token
 */
export async function askAgent(address: AgentAddress, path: string): Promise<unknown> {
  const response = await request(address, path, 'application/json');
  return response.json().catch(() => {
    throw unreachable(address, path, 'it answered with something that is not JSON');
  });
}

/** Events as they come, until the signal aborts or the agent goes. */
export async function* followEvents(
  address: AgentAddress,
  path: string,
  signal: AbortSignal,
): AsyncGenerator<AgentEvent, void, undefined> {
  const response = await request(address, path, 'text/event-stream', signal).catch((error: unknown) => {
    if (signal.aborted) return undefined;
    throw error;
  });
  if (!response?.body) return;
  let buffered = '';
  try {
    for await (const chunk of response.body.pipeThrough(new TextDecoderStream())) {
      buffered += chunk;
      const blocks = buffered.split('\n\n');
      buffered = blocks.pop() ?? '';
      for (const block of blocks) {
        const data = block.split('\n').flatMap((line) => (line.startsWith('data: ') ? [line.slice(6)] : []));
        if (data.length > 0) yield JSON.parse(data.join('\n')) as AgentEvent;
      }
    }
    if (!signal.aborted) throw new Error('it ended the stream');
  } catch (error) {
    if (!signal.aborted) throw unreachable(address, path, error instanceof Error ? error.message : String(error));
  }
}

async function request(address: AgentAddress, path: string, accept: string, signal?: AbortSignal): Promise<Response> {
  const headers = { authorization: `Bearer ${address.token.reveal()}`, accept };
  const response = await fetch(`${address.url}${path}`, { headers, ...(signal === undefined ? {} : { signal }) }).catch(
    (error: unknown) => {
      const cause = error instanceof Error && error.cause instanceof Error ? error.cause.message : String(error);
      throw unreachable(address, path, cause);
    },
  );
  if (response.ok) return response;
  if (response.status === 401) {
    throw new ArmorError(
      'HUB_DENIED',
      'the agent does not take this token',
      { request: `GET ${address.url}${path}` },
      'Read it anew: it is made at the first start of the agent, in its data volume.',
    );
  }
  if (response.status === 400) {
    const answer: unknown = await response.json().catch(() => undefined);
    const reason =
      typeof answer === 'object' && answer !== null && 'error' in answer ? answer.error : 'no reason given';
    const where = { request: `GET ${address.url}${path}` };
    throw new ArmorError('USAGE', `the agent does not understand: ${reason}`, where, 'Correct the option.');
  }
  throw unreachable(address, path, `it answered ${response.status}`);
}

function unreachable({ url }: AgentAddress, path: string, reason: string): ArmorError {
  return new ArmorError(
    'NODE_UNREACHABLE',
    `the security agent cannot be asked: ${reason}`,
    { request: `GET ${url}${path}` },
    'Check that its container runs on this node (docker ps), or name another node with --url.',
  );
}
