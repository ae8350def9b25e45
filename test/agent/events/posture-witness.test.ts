import test from 'ava';
import { createPostureWitness } from '#agent/events/posture-witness.ts';
import { event, type Raw } from '../../policy/raw-events.ts';

const alert = (Operation: string, Action: string, facts: Raw = {}) =>
  event({ Type: 'MatchedPolicy', PolicyName: 'DefaultPosture', Operation, Action, ...facts });
const inContainer = alert('File', 'Block');
const onHost = alert('File', 'Block', { Type: 'MatchedHostPolicy', ContainerID: '', ContainerName: '' });

test('an alert of DefaultPosture shows the posture of its category, programs counting as files', (t) => {
  const witness = createPostureWitness();
  t.false(witness.isBlock('file', inContainer));
  witness.hear(alert('Process', 'Block'));
  t.true(witness.isBlock('file', inContainer));
  t.false(witness.isBlock('network', inContainer));
  witness.hear(alert('Network', 'Block'));
  t.true(witness.isBlock('network', inContainer));
  t.false(witness.isBlock('capabilities', inContainer));
});

test("the host's postures are its own", (t) => {
  t.is(onHost.container, undefined);
  const witness = createPostureWitness();
  witness.hear(onHost);
  t.true(witness.isBlock('file', onHost));
  t.false(witness.isBlock('file', inContainer));
});

test('the latest alert counts: KubeArmor reads its settings while it runs; a new session begins anew', (t) => {
  const witness = createPostureWitness();
  witness.hear(inContainer);
  witness.hear(alert('File', 'Audit'));
  t.false(witness.isBlock('file', inContainer));
  witness.hear(inContainer);
  witness.forget();
  t.false(witness.isBlock('file', inContainer));
});

test('alerts of policies show nothing', (t) => {
  const witness = createPostureWitness();
  witness.hear(alert('File', 'Block', { PolicyName: 'secrets' }));
  t.false(witness.isBlock('file', inContainer));
});
