import test from 'ava';
import { systemClock } from '#agent/clock.ts';
import { createProtector, type ProtectorContext } from '#agent/protector.ts';
import type { Observation } from '#agent/workloads/observation.ts';
import { newPublisher, payload } from './payloads.ts';

const refuse = (): never => {
  throw new Error('without a session KubeArmor is not asked');
};

const context: ProtectorContext = {
  kubearmor: {
    policies: { add: refuse, remove: refuse },
    probe: refuse,
  },
  record: { policies: new Map(), set: refuse, remove: refuse },
  payloads: () => [payload(newPublisher(), 'work')],
  arch: 'amd64',
  ownAgreement: undefined,
  clock: systemClock,
  notify: () => {},
  changed: () => {},
};

const created = (digit: string): Observation => ({
  kind: 'docker-event',
  action: 'create',
  container: {
    id: digit.repeat(64),
    name: `${digit}-work`,
    image: 'work:1',
    labels: { 'openhorizon.anax.service_name': 'work', 'openhorizon.anax.agreement_id': digit },
  },
  atMs: 1,
});

// Seen with a real agent: it made a workload anew while the old container was still known, and the new one had no service
// for up to a minute.
test('a second container of the same name is identified as soon as it is seen', async (t) => {
  const protector = createProtector(context);
  protector.observe(created('a'));
  await protector.reconcile();
  protector.observe(created('b'));
  await new Promise(setImmediate);
  const services = [...protector.state.workloads.values()].map(({ service }) => service);
  t.deepEqual(services, ['work', 'work']);
});
