/** A KubeArmor in a thread of its own, so that what it costs to send is not counted against the client. */
import { parentPort } from 'node:worker_threads';
import { startKubeArmor } from '#demo/simulators/kubearmor/start.ts';

const MESSAGE = {
  Timestamp: '1',
  UpdatedTime: '2026-11-24T00:00:00.000000Z',
  Operation: 'File',
  Data: 'lsm=FILE_OPEN',
};

const simulator = await startKubeArmor();
/** Sends so many at once, numbered on from the last; then tells how many were dropped by then. */
let number = 0;
parentPort?.on('message', (count: number | 'stop') => {
  if (count === 'stop') {
    void simulator.stop().then(() => process.exit());
    return;
  }
  for (let sent = 0; sent < count; sent++, number++) {
    simulator.emit(number % 2 === 0 ? 'alerts' : 'logs', { ...MESSAGE, PID: number });
  }
  parentPort?.postMessage({ dropped: simulator.dropped });
});
parentPort?.postMessage({ address: simulator.address });
