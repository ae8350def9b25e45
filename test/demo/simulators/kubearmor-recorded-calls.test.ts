import { readLines, recordedCalls, recordedTest } from './kubearmor/captures.ts';
import { openLab, probeOf } from './kubearmor/lab.ts';

/** Calls that were recorded while KubeArmor ran with `-lsm=apparmor` (scenario x16b): a label selector is Invalid then. */
const UNDER_APPARMOR = new Set([106, 107, 108]);

recordedTest('every recorded policy call gets the recorded answer', async (t) => {
  const bpf = await openLab(t);
  const apparmor = await openLab(t, { lsm: 'apparmor' });
  await bpf.workload('ha');
  const calls = recordedCalls();
  t.true(calls.length > 100);
  for (const [index, call] of calls.entries()) {
    const lab = UNDER_APPARMOR.has(index + 1) ? apparmor : bpf;
    t.is(await lab.call(call), call.status, `call ${index + 1}: ${call.request.slice(0, 200)}`);
  }
  await Promise.all([bpf.close(), apparmor.close()]);
});

recordedTest('getProbeData shows a policy as the real one completed it', async (t) => {
  const [expected] = readLines('probe-final.json');
  const lab = await openLab(t);
  await lab.workload('ha');
  for (const name of ['audit-file', 'block-exec', 'block-file']) {
    const call = recordedCalls().find(({ request }) => request.includes(`"ADDED"`) && request.includes(`"${name}"`));
    if (call !== undefined) await lab.call(call);
  }
  t.deepEqual(await probeOf(lab.channel), expected);
});
