import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { connectKubeArmor } from '#agent/kubearmor/client.ts';
import { procedures } from '#agent/kubearmor/wire.ts';
import type { BenchLine } from './run.ts';

/** A log as a busy container makes them: an open of a file, 45 fields. */
const LOG = {
  Timestamp: '1795476081',
  UpdatedTime: '2026-11-23T23:21:21.036961Z',
  ClusterName: 'default',
  HostName: 'edge-1',
  NamespaceName: 'container_namespace',
  PodName: 'ae2f46ac4d7aa5b5e2667eb672eacbf117f3d4ff2e0668b0d0ff3e3011aa8876-homeassistant',
  ContainerID: 'db19ac75039e84bb24f6a08081d95cfb088c849ce2a90d214d91e21439b8411f',
  ContainerName: 'ae2f46ac4d7aa5b5e2667eb672eacbf117f3d4ff2e0668b0d0ff3e3011aa8876-homeassistant',
  ContainerImage: 'ghcr.io/home-assistant/home-assistant:stable',
  HostPID: 967,
  HostPPID: 871,
  PID: 13,
  Type: 'ContainerLog',
  Source: '/usr/local/bin/python3 -m homeassistant --config /config',
  Operation: 'File',
  Resource: '/config/.storage/core.entity_registry',
  Data: 'syscall=SYS_OPENAT fd=-100 flags=O_RDONLY|O_CLOEXEC',
  EventData: { Syscall: 'SYS_OPENAT', Fd: '-100', Flags: 'O_RDONLY|O_CLOEXEC' },
  Result: 'Passed',
  ParentProcessName: '/usr/bin/containerd-shim-runc-v2',
  ProcessName: '/usr/local/bin/python3',
  Cwd: '/config/',
  ExecEvent: { ExecID: '4157094002654', ExecutableName: 'python3' },
  NodeID: '2b3eb290b75546dfbc11c5f318fc9c93',
};

/** How fast events of KubeArmor come in: decoding alone, and over a socket from a KubeArmor in another thread. */
export async function bench(): Promise<BenchLine[]> {
  return [decoding(), await receiving(50_000)];
}

function decoding(): BenchLine {
  const { responseSerialize, responseDeserialize } = procedures.watchLogs;
  const bytes = responseSerialize(LOG);
  let count = 0;
  const begin = performance.now();
  while (performance.now() - begin < 1000)
    for (let times = 0; times < 100; times++, count++) responseDeserialize(bytes);
  const rate = Math.round(count / (performance.now() - begin));
  return { name: `decode a log of ${bytes.length} bytes`, value: `${rate} k/s` };
}

async function receiving(count: number): Promise<BenchLine> {
  const worker = new Worker(new URL('./kubearmor-sender.ts', import.meta.url), { workerData: { message: LOG } });
  const [address] = await once(worker, 'message');
  const up = Promise.withResolvers<void>();
  const all = Promise.withResolvers<void>();
  let received = 0;
  const ending = new AbortController();
  const client = connectKubeArmor({
    address,
    listener: {
      event: () => {
        received++;
        if (received === count) all.resolve();
      },
      observation: () => undefined,
      up: () => up.resolve(),
      down: () => undefined,
      gap: () => undefined,
    },
  });
  const running = client.run(ending.signal);
  await up.promise;
  const [begin, cpu] = [performance.now(), process.threadCpuUsage()];
  worker.postMessage(count);
  await all.promise;
  const wall = performance.now() - begin;
  const { user, system } = process.threadCpuUsage(cpu);
  ending.abort();
  await running;
  await worker.terminate();
  const perSecond = Math.round(count / wall);
  const perCore = Math.round(count / ((user + system) / 1000));
  return {
    name: `receive ${count} logs over a socket`,
    value: `${perSecond} k/s (sender on the other core), ${perCore} k/s of this thread's time`,
  };
}
