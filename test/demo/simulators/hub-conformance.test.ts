import { readHubState } from '#demo/simulators/hub/hub-state.ts';
import { startHub } from '#demo/simulators/hub/start-hub.ts';
import { conformance } from '#test/support/conformance.ts';
import { CONFORMANCE_TOOL, referenceFile, testWith } from '#test/support/reference.ts';

/** What the real ones reach: all of what is recorded (captures/hub/README.md). */
const RECORDINGS = [
  ['the CSS', 'captures/hub/mms-css-bolt.json', 'cssUrl'],
  ['the Exchange', 'captures/hub/exchange-quirks.json', 'exchangeUrl'],
] as const;

const START_STATE = 'captures/hub/start-state.json';

for (const [what, capture, address] of RECORDINGS) {
  testWith(
    CONFORMANCE_TOOL,
    capture,
    START_STATE,
  )(`${what} of a hub in the recorded start state answers as the real one did`, async (t) => {
    const hub = await startHub({ state: await readHubState(referenceFile(START_STATE)) });
    t.teardown(() => hub.close());
    const report = await conformance(hub.access[address], referenceFile(capture));
    t.deepEqual(report.differing, []);
    t.true(report.compared > 80);
    t.is(report.same, report.compared);
  });
}
