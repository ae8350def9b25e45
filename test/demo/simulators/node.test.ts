import test from 'ava';
import { askEss, deploymentPolicy, destinationPolicy, idsIn, loginFrom, nodePolicy, service, startLab } from './lab.ts';

const LIST = '/api/v1/objects/security-policy?received=true';

test('a compatible node runs the service, and the object finds it', async (t) => {
  const lab = await startLab();
  t.teardown(() => lab.close());
  await lab.put('POST', '/orgs/acme/services', service('lab.guard', ['guard', 'helper']));
  await lab.put('POST', '/orgs/acme/business/policies/guard', deploymentPolicy('lab.guard'));
  const node = await lab.addNode('n1');
  const other = await lab.addNode('n2', { policy: nodePolicy({ purpose: 'office' }) });
  t.is(await lab.publish('p1', { version: '1', destinationPolicy: destinationPolicy('lab.guard') }, 'one'), 204);
  await lab.round();
  const [agreement] = node.agreements;
  t.deepEqual(
    node.agreements.map(({ service: { url } }) => url),
    ['lab.guard'],
  );
  t.deepEqual(other.agreements, []);
  t.deepEqual(
    node.containers.map(({ name }) => name),
    [`${agreement?.id}-guard`, `${agreement?.id}-helper`],
  );
  const login = await loginFrom(agreement?.authFolder ?? '');
  t.deepEqual(idsIn(await askEss(node.ess, { auth: login, path: LIST })), ['p1']);
  t.log(node.containers[0]);
});
