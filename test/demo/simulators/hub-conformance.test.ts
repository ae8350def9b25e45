import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import test from 'ava';
import { readHubState } from '#demo/simulators/hub/hub-state.ts';
import { startHub } from '#demo/simulators/hub/start-hub.ts';
import { captureFile, conformanceTool } from './captures.ts';

/** What the real ones reach: all of what is recorded (captures/hub/README.md). */
const RECORDINGS = [
  ['the CSS', 'hub/mms-css-bolt.json', 'cssUrl'],
  ['the Exchange', 'hub/exchange-quirks.json', 'exchangeUrl'],
] as const;

for (const [what, capture, address] of RECORDINGS) {
  test(`${what} of a hub in the recorded start state answers as the real one did`, async (t) => {
    const [tool, file, stateFile] = [conformanceTool(), captureFile(capture), captureFile('hub/start-state.json')];
    if (tool === undefined || file === undefined || stateFile === undefined) {
      t.log('skipped: the recordings of the real hub are not beside this checkout');
      t.pass();
      return;
    }
    const hub = await startHub({ state: await readHubState(stateFile) });
    t.teardown(() => hub.close());
    const args = [tool, '--base', hub.access[address], '--capture', file, '--json'];
    const { stdout } = await promisify(execFile)(process.execPath, args, { maxBuffer: 1 << 24 }).catch(
      (error: { stdout: string }) => error,
    );
    const report: { compared: number; same: number; differing: unknown[] } = JSON.parse(stdout);
    t.deepEqual(report.differing, []);
    t.true(report.compared > 80);
    t.is(report.same, report.compared);
  });
}
