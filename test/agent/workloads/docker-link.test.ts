import { randomBytes } from 'node:crypto';
import test from 'ava';
import { systemClock } from '#agent/clock.ts';
import { connectDocker } from '#agent/workloads/docker-link.ts';
import { NOTHING_KNOWN, observe, type TrackedContainer, type Tracker } from '#agent/workloads/track.ts';
import { SERVICE_NAME_LABEL } from '#policy/types.ts';
import { hasBusybox, importBusybox, realDocker } from '#test/support/docker.ts';

const docker = await realDocker();
const onDocker = docker !== undefined && hasBusybox ? test.serial : test.serial.skip;
if (docker === undefined || !hasBusybox)
  console.log('skipped: no Docker engine, or no static busybox, on this machine');

const IMAGE = 'horizon-armor-test:busybox';
const name = `armor-link-${randomBytes(4).toString('hex')}`;

/** A tracker that a real engine feeds, and a way to wait for what it should come to show. */
function track(): {
  until(what: (container: TrackedContainer | undefined) => boolean): Promise<TrackedContainer | undefined>;
  stop(): void;
  restart(id: string): Promise<void>;
} {
  let tracker: Tracker = NOTHING_KNOWN;
  const waiting = new Set<() => void>();
  const abort = new AbortController();
  const link = connectDocker(
    'unix:///var/run/docker.sock',
    (observations) => {
      tracker = observations.reduce(observe, tracker);
      for (const wake of waiting) wake();
    },
    systemClock,
  );
  void link.run(abort.signal);
  return {
    stop: () => abort.abort(),
    restart: link.restart,
    until: (what) =>
      new Promise((resolve) => {
        const look = () => {
          const found = [...tracker.containers.values()].find((container) => container.name === name);
          if (tracker.docker === 'down' || !what(found)) return;
          waiting.delete(look);
          resolve(found);
        };
        waiting.add(look);
        look();
      }),
  };
}

onDocker('a real engine tells start, crash, restart under the same id, ordered restart, and removal', async (t) => {
  if (docker === undefined) return t.fail();
  await importBusybox(docker, IMAGE);
  const early = track();
  const container = await docker.createContainer({
    name,
    Image: IMAGE,
    Cmd: ['/bin/busybox', 'sleep', '600'],
    Labels: { [SERVICE_NAME_LABEL]: 'work' },
    HostConfig: { RestartPolicy: { Name: 'always' } },
  });
  t.teardown(() => container.remove({ force: true }).catch(() => undefined));
  const created = await early.until((found) => found !== undefined);
  t.is(created?.labels[SERVICE_NAME_LABEL], 'work');

  const before = Date.now();
  await container.start();
  const started = await early.until((found) => found?.running === true);
  t.true(Math.abs((started?.startedAtMs ?? 0) - before) < 5000);

  const { State } = await container.inspect();
  process.kill(State.Pid, 'SIGKILL');
  const crashed = await early.until((found) => found?.running === true && found.crashes.length === 1);
  t.is(crashed?.id, container.id);
  t.true((crashed?.startedAtMs ?? 0) > (started?.startedAtMs ?? 0));

  const late = track();
  const caughtUp = await late.until((found) => found?.running === true && found.crashes.length === 1);
  t.is(caughtUp?.startedAtMs, crashed?.startedAtMs, 'an agent that starts later reads the same from what Docker kept');

  await early.restart(container.id);
  const restarted = await early.until(
    (found) => found?.running === true && (found.startedAtMs ?? 0) > (crashed?.startedAtMs ?? 0),
  );
  t.is(restarted?.crashes.length, 1, 'an ordered restart is no crash');

  await container.remove({ force: true });
  t.is(await early.until((found) => found === undefined), undefined);
  early.stop();
  late.stop();
});
