/** A KubeArmor with one workload in a thread of its own, so that what it costs to send is not counted against the agent. */
import { setImmediate as turn } from 'node:timers/promises';
import { parentPort } from 'node:worker_threads';
import { startDockerProxy } from '#demo/simulators/docker/docker-proxy.ts';
import { Machine } from '#demo/simulators/kubearmor/machine.ts';
import { startKubeArmor } from '#demo/simulators/kubearmor/start.ts';
import { SERVICE_NAME_LABEL } from '#policy/types.ts';

const machine = new Machine();
const kubearmor = await startKubeArmor({ machine });
const proxy = await startDockerProxy(machine);
const { id, name } = machine.run({ name: 'loud-web', labels: { [SERVICE_NAME_LABEL]: 'web' } });

/** Telemetry of a busy container; every tenth access is one that the policy refuses. */
function log(number: number): object {
  const denied = number % 10 === 0;
  return {
    Timestamp: '1795531651',
    UpdatedTime: '2026-11-24T14:47:31.924000Z',
    HostName: machine.hostname,
    ContainerID: id,
    ContainerName: name,
    PodName: name,
    NamespaceName: 'container_namespace',
    PID: number,
    HostPID: number,
    ProcessName: '/usr/bin/python3',
    ParentProcessName: '/init',
    Source: '/usr/bin/python3 -m homeassistant',
    Type: 'ContainerLog',
    Operation: 'File',
    Resource: denied ? `/etc/flood-${number}` : `/var/lib/flood-${number}`,
    Data: denied ? 'lsm=FILE_OPEN' : 'syscall=SYS_OPENAT fd=-100 flags=O_RDONLY',
    EventData: denied ? { Lsm: 'FILE_OPEN' } : { Syscall: 'SYS_OPENAT', Fd: '-100', Flags: 'O_RDONLY' },
    Result: denied ? 'Permission denied' : 'Passed',
  };
}

let number = 0;
parentPort?.on('message', async (count: number | 'stop') => {
  if (count === 'stop') {
    await proxy.close();
    kubearmor.kill();
    process.exit();
  }
  for (let sent = 0; sent < count; sent++, number++) {
    kubearmor.emit('logs', log(number));
    if (sent % 200 === 0) await turn();
  }
  parentPort?.postMessage({ dropped: kubearmor.dropped });
});
parentPort?.postMessage({ kubearmor: kubearmor.address, docker: proxy.url });
