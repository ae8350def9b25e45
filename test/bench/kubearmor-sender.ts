/** A KubeArmor that sends one message as often as it is asked to, as fast as it is read. */
import { parentPort, workerData } from 'node:worker_threads';
import { startKubeArmor } from '#demo/simulators/kubearmor/start.ts';

const simulator = await startKubeArmor();
const { message }: { message: object } = workerData;

parentPort?.on('message', async (count: number) => {
  // In pieces that a client's queue holds: what comes on top would be dropped.
  for (let sent = 0; sent < count; sent += 250) {
    for (let number = 0; number < 250; number++) simulator.emit('logs', message);
    while (simulator.queued > 250) await new Promise((resolve) => setImmediate(resolve));
  }
});
parentPort?.postMessage(simulator.address);
