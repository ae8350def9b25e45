import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import test from 'ava';
import type { PolicyView, WorkloadView } from '#agent/api/view.ts';
import type { AgentEvent } from '#agent/events/agent-event.ts';
import type { SecurityStatus } from '#agent/report/security-status.ts';
import { dockerExec } from '#demo/simulators/kubearmor/docker-exec.ts';
import { runArmor } from '#demo/slice/run-armor.ts';
import { waitUntil, waitUntilAsync } from '#demo/wait-until.ts';
import { type Ran, run } from '#test/support/run-command.ts';
import { $ } from '#test/support/shell.ts';
import { type Slice, startSlice } from '../../agent/slice-fixture.ts';

/** hzn-armor as somebody on the node calls it, and everything it ever printed. */
async function onNode(slice: Slice): Promise<{
  call(...args: string[]): Promise<Ran>;
  json<T>(...args: string[]): Promise<T>;
  follow(signal: AbortSignal, ...args: string[]): Promise<Ran>;
  printed(): string;
  readonly token: string;
  readonly env: Record<string, string>;
}> {
  const tokenFile = join(slice.protection.settings.dataDir, 'api-token');
  const token = (await readFile(tokenFile, 'utf8')).trim();
  const env: Record<string, string> = {
    ARMOR_AGENT_URL: `http://127.0.0.1:${slice.protection.agent.api.port}`,
    ARMOR_AGENT_TOKEN_FILE: tokenFile,
  };
  let printed = '';
  const keep = (ran: Ran): Ran => {
    printed += ran.stdout + ran.stderr;
    return ran;
  };
  const call = async (...args: string[]): Promise<Ran> =>
    keep(await run(['node', ...args], { cwd: slice.desk.dir, env }));
  return {
    call,
    async json(...args) {
      const { status, stdout, stderr } = await call(...args, '--json');
      if (status !== 0) throw new Error(stderr);
      return JSON.parse(stdout);
    },
    follow: async (signal, ...args) =>
      keep(await run(['node', 'events', '--follow', ...args], { cwd: slice.desk.dir, env, signal })),
    printed: () => printed,
    token,
    env,
  };
}

test.serial('the node’s owner sees status, workloads, policies and events, and no secret', async (t) => {
  const slice = await startSlice(t);
  await slice.becomes('enforced');
  const node = await onNode(slice);
  t.true(slice.isBlocked());
  await waitUntil('the finding', () => slice.findings().length > 0);

  const status = await node.call('status');
  t.is(status.status, 0);
  t.regex(status.stdout, /KubeArmor {3}reachable since .*, enforcer BPFLSM/);
  t.regex(status.stdout, /1 running: 1 enforced, 0 audit only, 0 unprotected/);
  t.regex(status.stdout, /deployment\.homeassistant\.[0-9a-f]{12} +deployment +\d+ +in-force/);
  t.is((await node.json<SecurityStatus>('status')).workloads[0]?.protection, 'enforced');

  t.regex((await node.call('workloads')).stdout, /homeassistant +\S*homeassistant\S*.* enforced/);
  t.like((await node.json<WorkloadView[]>('workloads'))[0], { container: 'homeassistant', protection: 'enforced' });

  t.regex((await node.call('policies')).stdout, /root-certificates +homeassistant +deployment .* applied/);
  const policies = await node.json<PolicyView[]>('policies');
  t.true(policies.every(({ state }) => state === 'applied'));

  const events = await node.call('events', '--kind', 'finding', '--workload', 'homeassistant');
  t.regex(
    events.stdout,
    /blocked +homeassistant: .* → \/etc\/ssl\/certs\/evil-1\.pem by root-certificates \[deployment\]/,
  );
  t.regex((await node.call('events', '--limit', '0')).stderr, /limit is a whole number from 1 to 2000/);

  const stop = new AbortController();
  const following = node.follow(stop.signal, '--json', '--kind', 'finding', '--limit', '1');
  await waitUntilAsync(
    'the reader',
    async () => slice.protection.agent.view.status() !== undefined && (await readers(node)) > 0,
  );
  t.true(slice.isBlocked());
  await waitUntil('another finding', () => slice.findings().length > 1);
  await sleep(100);
  stop.abort();
  const { stdout, status: ended } = await following;
  t.is(ended, 0);
  const targets = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as AgentEvent)
    .map((event) => (event.kind === 'finding' ? event.target : ''));
  t.deepEqual(targets, ['/etc/ssl/certs/evil-1.pem', '/etc/ssl/certs/evil-2.pem']);
  t.false(node.printed().includes(node.token));

  let left = false;
  const seenEnough = $({
    env: { ...process.env, ...node.env },
  })`${process.execPath} tools/hzn-armor.mjs node events --follow --json | head -n 1`.then(() => {
    left = true;
  });
  await waitUntil('a follower whose reader has left to end', () => {
    slice.isBlocked();
    return left;
  });
  await seenEnough;
});

/** Consumers of the agent's event stream. */
async function readers({ env, token }: { env: Record<string, string>; token: string }): Promise<number> {
  const answer = await fetch(`${env.ARMOR_AGENT_URL}/metrics`, { headers: { authorization: `Bearer ${token}` } });
  return (await answer.text()).split('\n').filter((line) => line.startsWith('horizon_armor_consumer_dropped{')).length;
}

test.serial('a wrong token, none, and an agent that is gone are told apart, with what to do', async (t) => {
  const slice = await startSlice(t);
  const node = await onNode(slice);
  const wrong = join(slice.desk.dir, 'wrong-token');
  await writeFile(wrong, 'not-the-token-of-this-agent\n');
  const denied = await node.call('status', '--token-file', wrong);
  t.is(denied.status, 1);
  t.regex(denied.stderr, /does not take this token/);
  const none = await node.call('status', '--token-file', join(slice.desk.dir, 'none'));
  t.regex(none.stderr, /token cannot be read.*--token-file/s);

  const following = node.follow(new AbortController().signal);
  await waitUntilAsync('the reader', async () => (await readers(node)) > 0);
  await slice.protection.agent.stop();
  const { status, stderr } = await following;
  t.is(status, 1, 'a stream that ends before its reader wanted it to is no success');
  t.regex(stderr, /cannot be asked/);

  const dead = await node.call('workloads');
  t.is(dead.status, 1);
  t.regex(dead.stderr, /cannot be asked: .*ECONNREFUSED.*docker ps/s);
  for (const secret of [node.token, 'not-the-token-of-this-agent']) t.false(node.printed().includes(secret));
});

test.serial('what a workload calls its files cannot write to the terminal of who reads of them', async (t) => {
  const slice = await startSlice(t);
  await slice.becomes('enforced');
  const node = await onNode(slice);
  const shell = dockerExec(slice.machine, slice.name, ['/bin/sh', '-c', ':']).program;
  shell?.open('/etc/ssl/certs/\u001b]0;owned\u0007\u001b[2Jevil.pem', 'O_WRONLY|O_CREAT');
  await waitUntil('the finding', () => slice.findings().some(({ target }) => target.includes('evil.pem')));
  const { stdout } = await node.call('events');
  t.true(stdout.includes('evil.pem'));
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be there
  t.notRegex(stdout, /[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/);
});

test.serial('the hub’s side sees the node’s report, who is silent, and keeps the key it first saw', async (t) => {
  const slice = await startSlice(t, { env: { ARMOR_REPORT_SECONDS: '1' } });
  await slice.becomes('enforced');
  const { place, hub } = slice.desk;
  const read = async () => runArmor(place, 'fleet', 'status', '--json');
  await waitUntilAsync('the report', async () => {
    await slice.deliver();
    const { stdout } = await read();
    return stdout.includes('"protection":"enforced"');
  });
  const seen = await runArmor(place, 'fleet', 'status');
  t.is(seen.status, 0, seen.stderr);
  t.regex(seen.stdout, /edge-1/);
  t.regex(await readFile(join(place.cwd, 'known-nodes.yaml'), 'utf8'), /edge-1:?\s*\n? +key: [0-9a-f]{64}/);
  slice.machine.crash(slice.name, () => void slice.machine.unshare(['/bin/sleep', '60']));
  await waitUntilAsync('the crash to be reported, or its healing', async () => {
    await slice.deliver();
    return (await read()).stdout.includes('"crashes":1');
  });
  const wrong = { ...place, env: { ...place.env, HZN_EXCHANGE_USER_AUTH: `${hub.access.org}/nobody:wrong-password` } };
  const denied = await runArmor(wrong, 'fleet', 'status');
  t.is(denied.status, 1);
  for (const { stdout, stderr } of [seen, denied]) {
    t.false(`${stdout}${stderr}`.includes(hub.access.password));
    t.false(`${stdout}${stderr}`.includes('wrong-password'));
  }
});
