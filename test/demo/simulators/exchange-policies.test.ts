import test, { type ExecutionContext } from 'ava';
import { type Ask, exchange, pattern, policy, service } from './exchange-support.ts';

/** Patterns, deployment policies and management policies: reference/exchange-mms.md §0, §A.4 and §A.8 to §A.10. */

async function withService(t: ExecutionContext): Promise<Ask> {
  const { ask } = await exchange(t);
  t.is((await ask('POST', '/orgs/acme/services', { body: service() })).status, 201);
  return ask;
}

test('patterns and policies: second POST 403, PUT of a missing one 404 (§A.4)', async (t) => {
  const ask = await withService(t);
  for (const [path, body] of [
    ['/orgs/acme/patterns/x', pattern()],
    ['/orgs/acme/business/policies/x', policy()],
  ] as const) {
    t.is((await ask('PUT', path, { body })).status, 404, path);
    t.is((await ask('POST', path, { body })).status, 201, path);
    const again = await ask('POST', path, { body });
    t.deepEqual([again.status, again.at('code')], [403, 'already-exists'], path);
    t.is((await ask('PUT', path, { body })).status, 201, path);
    t.is((await ask('DELETE', path)).status, 204, path);
  }
});

test('a PUT of a missing management policy is 201 and stores nothing (§0)', async (t) => {
  const { ask } = await exchange(t);
  const path = '/orgs/acme/managementpolicies/x';
  const body = { label: 'M', enabled: true, constraints: ['a == b'] };
  t.is((await ask('PUT', path, { body })).status, 201);
  t.is((await ask('GET', path)).status, 404);
  t.is((await ask('POST', path, { body })).status, 201);
  t.is((await ask('POST', path, { body })).status, 403);
  t.is((await ask('PUT', path, { body: { ...body, label: 'New' } })).status, 201);
  t.is((await ask('GET', path)).at('managementPolicy', 'acme/x', 'label'), 'New');
});

test('management policies: constraints beside patterns are 400, even an empty list of them (§0)', async (t) => {
  const { ask } = await exchange(t);
  const body = { label: 'M', enabled: true, constraints: ['a == b'], patterns: [] };
  t.is((await ask('POST', '/orgs/acme/managementpolicies/x', { body })).status, 400);
});

test('both have a second path, and the same key in either answer (§A.8, §A.9)', async (t) => {
  const ask = await withService(t);
  t.is((await ask('POST', '/orgs/acme/deployment/policies/x', { body: policy() })).status, 201);
  t.deepEqual((await ask('GET', '/orgs/acme/business/policies')).keys('businessPolicy'), ['acme/x']);
  t.deepEqual((await ask('GET', '/orgs/acme/deployment/policies/x')).keys('businessPolicy'), ['acme/x']);
  t.is((await ask('POST', '/orgs/acme/deployment/patterns/x', { body: pattern() })).status, 201);
  t.deepEqual((await ask('GET', '/orgs/acme/patterns/x')).keys('patterns'), ['acme/x']);
});

test('the service must exist in exactly the version written; a policy may leave the arch open (§A.8, §A.9)', async (t) => {
  const ask = await withService(t);
  const forPattern = async (fields: object, versions: object[] = [{ version: '1.0.0' }]): Promise<number> => {
    const item = { serviceOrgid: 'acme', serviceUrl: 'lab.svc', serviceArch: 'amd64', serviceVersions: versions };
    const body = pattern({ services: [{ ...item, ...fields }] });
    return (await ask('POST', `/orgs/acme/patterns/${Math.random()}`, { body })).status;
  };
  t.is(await forPattern({}), 201);
  t.is(await forPattern({}, [{ version: '1.0' }]), 400);
  t.is(await forPattern({}, []), 400);
  t.is(await forPattern({ serviceArch: '*' }), 400);
  t.is(await forPattern({}, [{ version: '1.0.0', deployment_overrides: '{}' }]), 400);
  const forPolicy = async (fields: object): Promise<number> => {
    const { service: known } = policy();
    const body = policy({ service: { ...(known as object), ...fields } });
    return (await ask('POST', `/orgs/acme/business/policies/${Math.random()}`, { body })).status;
  };
  t.is(await forPolicy({}), 201);
  t.is(await forPolicy({ arch: '*' }), 201);
  t.is(await forPolicy({ arch: '' }), 201);
  t.is(await forPolicy({ arch: 'arm64' }), 400);
  t.is(await forPolicy({ serviceVersions: [{ version: '1.0' }] }), 400);
  t.is(await forPolicy({ serviceVersions: [] }), 400);
});

test('the check ignores visibility, and a service in use can go; the next PUT is then 400 (§0)', async (t) => {
  const ask = await withService(t);
  const path = '/orgs/acme/patterns/x';
  t.is((await ask('POST', path, { as: 'acme/ci', body: pattern() })).status, 201);
  t.is((await ask('DELETE', '/orgs/acme/services/lab.svc_1.0.0_amd64')).status, 204);
  t.is((await ask('PUT', path, { as: 'acme/ci', body: pattern() })).status, 400);
});

test('userInput: its service must exist; odd ranges pass, a single version and arch * do not (§0, §A.8)', async (t) => {
  const ask = await withService(t);
  const statusOf = async (fields: object): Promise<number> => {
    const input = { serviceOrgid: 'acme', serviceUrl: 'lab.svc', inputs: [{ name: 'A', value: 'b' }], ...fields };
    const body = policy({ userInput: [input] });
    return (await ask('POST', `/orgs/acme/business/policies/${Math.random()}`, { body })).status;
  };
  t.is(await statusOf({}), 201);
  t.is(await statusOf({ serviceArch: '' }), 201);
  t.is(await statusOf({ serviceArch: 'amd64' }), 201);
  for (const serviceVersionRange of ['1.0.0', 'rubbish', '[9.0.0,INFINITY)', '[1.0.0,INFINITY)']) {
    t.is(await statusOf({ serviceVersionRange }), 201, serviceVersionRange);
  }
  t.is(await statusOf({ serviceVersionRange: '[1.0.0,1.0.0]' }), 400);
  t.is(await statusOf({ serviceArch: '*' }), 400);
  t.is(await statusOf({ serviceUrl: 'nope' }), 400);
});

test('server defaults: nodeHealth, agreementProtocols, and what stays as sent (§0)', async (t) => {
  const ask = await withService(t);
  await ask('POST', '/orgs/acme/patterns/x', { body: pattern() });
  const answer = await ask('GET', '/orgs/acme/patterns/x');
  t.like(answer.at('patterns', 'acme/x'), { agreementProtocols: [{ name: 'Basic' }], description: 'P', public: false });
  t.deepEqual(answer.at('patterns', 'acme/x', 'services', 0, 'nodeHealth'), {
    missing_heartbeat_interval: 1800,
    check_agreement_status: 1800,
  });
  const nodeHealth = async (fields: object): Promise<unknown> => {
    const path = `/orgs/acme/business/policies/${Math.random()}`;
    await ask('POST', path, { body: policy({ service: { ...(policy().service as object), ...fields } }) });
    const stored = await ask('GET', path);
    return stored.at('businessPolicy', stored.keys('businessPolicy')[0] ?? '', 'service', 'nodeHealth');
  };
  t.deepEqual(await nodeHealth({ nodeHealth: {} }), {});
  t.deepEqual(await nodeHealth({}), { missing_heartbeat_interval: 1800, check_agreement_status: 1800 });
});

test('only an org of type IBM has public patterns (§A.8)', async (t) => {
  const ask = await withService(t);
  const answer = await ask('POST', '/orgs/acme/patterns/x', { body: pattern({ public: true }) });
  t.deepEqual([answer.status, answer.at('code')], [400, 'invalid-input']);
});

test('a PUT of a policy replaces everything but owner and created (§A.9)', async (t) => {
  const ask = await withService(t);
  const path = '/orgs/acme/business/policies/x';
  await ask('POST', path, {
    as: 'acme/ci',
    body: policy({ constraints: ['(('], properties: [{ name: 'a', type: 'odd', value: 1 }] }),
  });
  const before = await ask('GET', path);
  const odd = { owner: 'acme/ci', constraints: ['(('], properties: [{ type: 'odd' }] };
  t.like(before.at('businessPolicy', 'acme/x'), odd);
  t.is((await ask('PUT', path, { body: policy() })).status, 201);
  const after = await ask('GET', path);
  t.is(after.at('businessPolicy', 'acme/x', 'owner'), 'acme/ci');
  t.deepEqual(after.at('businessPolicy', 'acme/x', 'constraints'), []);
  t.is(after.at('businessPolicy', 'acme/x', 'created'), before.at('businessPolicy', 'acme/x', 'created'));
});

test('users see the patterns of their whole org, and write their own only (§A.2)', async (t) => {
  const ask = await withService(t);
  await ask('POST', '/orgs/acme/patterns/x', { body: pattern() });
  t.is((await ask('GET', '/orgs/acme/patterns', { as: 'acme/ci' })).status, 200);
  t.is((await ask('GET', '/orgs/acme/patterns', { as: 'acme/node1' })).status, 200);
  t.is((await ask('DELETE', '/orgs/acme/patterns/x', { as: 'acme/ci' })).status, 403);
});
