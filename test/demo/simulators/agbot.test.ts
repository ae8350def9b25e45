/** Agreements as the agbot makes and ends them (reference/anax.md §4.5, §6). */
import test from 'ava';
import { ADMIN, deploymentPolicy, destinationPolicy, type Lab, nodePolicy, service, startLab } from './lab.ts';

async function guarded(t: { teardown(undo: () => Promise<void>): void }): Promise<Lab> {
  const lab = await startLab();
  t.teardown(() => lab.close());
  await lab.put('POST', '/orgs/acme/services', service('lab.guard', ['guard']));
  await lab.put('POST', '/orgs/acme/business/policies/guard', deploymentPolicy('lab.guard'));
  return lab;
}

test('an agreement forms with a node that fits, and with no other', async (t) => {
  const lab = await guarded(t);
  const node = await lab.addNode('n1');
  const other = await lab.addNode('n2', { policy: nodePolicy({ purpose: 'office' }) });
  await lab.hub.agbot.tick();
  t.deepEqual(
    lab.hub.agbot.agreements.map(({ node: id, state, consumer, deployer }) => ({ id, state, consumer, deployer })),
    [{ id: 'acme/n1', state: 'proposed', consumer: 'IBM/agbot', deployer: { kind: 'policy', id: 'acme/guard' } }],
  );
  t.regex(lab.hub.agbot.agreements[0]?.id ?? '', /^[0-9a-f]{64}$/);
  await node.tick();
  await other.tick();
  t.deepEqual(
    lab.hub.agbot.agreements.map(({ state }) => state),
    ['accepted'],
  );
  await lab.round();
  t.is(lab.hub.agbot.agreements.length, 1, 'nothing is proposed twice');
});

test('a node asks for properties too', async (t) => {
  const lab = await guarded(t);
  const asking = { ...nodePolicy({ purpose: 'lab' }), constraints: ['vetted == true'] };
  const node = await lab.addNode('n1', { policy: asking });
  await lab.round();
  t.deepEqual(node.agreements, []);
  const vetted = deploymentPolicy('lab.guard', { properties: [{ name: 'vetted', value: true }] });
  await lab.put('PUT', '/orgs/acme/business/policies/guard', vetted);
  await lab.round();
  t.is(node.agreements.length, 1);
});

test('privileges are asked for and have to be allowed', async (t) => {
  const lab = await startLab();
  t.teardown(() => lab.close());
  const deployment = JSON.stringify({ services: { kernel: { image: 'x', privileged: true } } });
  await lab.put('POST', '/orgs/acme/services', service('lab.kernel', [], { deployment }));
  await lab.put('POST', '/orgs/acme/business/policies/kernel', deploymentPolicy('lab.kernel'));
  const refusing = await lab.addNode('n1');
  const allowing = await lab.addNode('n2', {
    policy: nodePolicy({ purpose: 'lab', 'openhorizon.allowPrivileged': true }),
  });
  await lab.round();
  t.deepEqual([refusing.agreements.length, allowing.agreements.length], [0, 1]);
  t.true(allowing.containers[0]?.privileged);
  t.true(allowing.containers[0]?.env.includes('HZN_PRIVILEGED=true'));
});

test('input that a policy gives reaches only containers that start after it', async (t) => {
  const lab = await startLab();
  t.teardown(() => lab.close());
  const input = [{ name: 'MODE', label: '', type: 'string', defaultValue: '' }];
  await lab.put('POST', '/orgs/acme/services', service('lab.guard', ['guard'], { userInput: input }));
  const withMode = (value: string) =>
    deploymentPolicy('lab.guard', {
      userInput: [{ serviceOrgid: 'acme', serviceUrl: 'lab.guard', inputs: [{ name: 'MODE', value }] }],
    });
  await lab.put('POST', '/orgs/acme/business/policies/guard', deploymentPolicy('lab.guard'));
  const node = await lab.addNode('n1');
  await lab.round();
  t.deepEqual(node.agreements, [], 'an input without a value prevents the agreement');
  await lab.put('PUT', '/orgs/acme/business/policies/guard', withMode('audit'));
  await lab.round();
  const modes = () => node.containers.flatMap(({ env }) => env.filter((entry) => entry.startsWith('MODE=')));
  t.deepEqual(modes(), ['MODE=audit']);
  const [first] = node.agreements;
  await lab.put('PUT', '/orgs/acme/business/policies/guard', withMode('block'));
  await lab.round();
  t.is(node.agreements[0]?.id, first?.id);
  t.deepEqual(modes(), ['MODE=audit']);
  await node.cancel(first?.id ?? '');
  await lab.round();
  t.deepEqual(modes(), ['MODE=block']);
});

test('another version, a policy that no longer fits, and one that is gone end agreements', async (t) => {
  const lab = await guarded(t);
  const node = await lab.addNode('n1');
  await lab.put('POST', '/orgs/acme/services', service('lab.guard', ['guard'], { version: '1.1.0' }));
  await lab.round();
  const versions = () => node.agreements.map(({ service: { version } }) => version);
  t.deepEqual(versions(), ['1.0.0']);
  const newer = { name: 'lab.guard', org: 'acme', arch: '*', serviceVersions: [{ version: '1.1.0', priority: {} }] };
  await lab.put('PUT', '/orgs/acme/business/policies/guard', deploymentPolicy('lab.guard', { service: newer }));
  await lab.round();
  t.deepEqual(versions(), ['1.1.0']);
  await node.setPolicy(nodePolicy({ purpose: 'office' }));
  await lab.round();
  t.deepEqual([versions(), node.containers], [[], []]);
  await node.setPolicy(nodePolicy({ purpose: 'lab' }));
  await lab.round();
  t.deepEqual(versions(), ['1.1.0']);
  await lab.hub.askExchange({ method: 'DELETE', path: '/orgs/acme/business/policies/guard', auth: ADMIN });
  await lab.round();
  t.deepEqual(versions(), []);
});

test('a pattern deploys what it lists, whatever policies say, and any change of it starts anew', async (t) => {
  const lab = await guarded(t);
  const pattern = (description: string) => ({
    label: 'all',
    description,
    public: false,
    services: [
      {
        serviceUrl: 'lab.guard',
        serviceOrgid: 'acme',
        serviceArch: 'amd64',
        serviceVersions: [
          {
            version: '1.0.0',
            deployment_overrides: JSON.stringify({ services: { guard: { environment: ['EXTRA=1'] } } }),
            deployment_overrides_signature: 'signed',
          },
        ],
      },
    ],
  });
  await lab.put('POST', '/orgs/acme/patterns/all', pattern('first'));
  const node = await lab.addNode('n1', { pattern: 'acme/all', policy: nodePolicy({ purpose: 'office' }) });
  await lab.round();
  t.deepEqual(
    node.agreements.map(({ deployer }) => deployer),
    [{ kind: 'pattern', id: 'acme/all' }],
  );
  const env = node.containers[0]?.env ?? [];
  t.true(env.includes('EXTRA=1') && env.includes('HZN_PATTERN=all'));
  const [first] = node.agreements;
  await lab.put('PUT', '/orgs/acme/patterns/all', pattern('second'));
  await lab.round();
  t.is(node.agreements.length, 1);
  t.not(node.agreements[0]?.id, first?.id);
});

test('an object follows its policy from node to node', async (t) => {
  const lab = await guarded(t);
  const node = await lab.addNode('n1');
  const publish = (constraints: string[], data: string) =>
    lab.publish('o1', { destinationPolicy: destinationPolicy('lab.guard', { constraints }) }, data);
  const delivery = () =>
    lab.hub.css.deliveries({ org: 'acme', type: 'security-policy', id: 'o1' }).map(({ status }) => status);
  await publish(['purpose == office'], 'one');
  await lab.round();
  t.deepEqual(delivery(), []);
  await publish(['purpose == lab'], 'two');
  await lab.round();
  t.deepEqual(delivery(), ['delivered']);
  await node.setPolicy(nodePolicy({ purpose: 'lab', profile: 'strict' }));
  await publish(['profile == strict'], 'three');
  await lab.round();
  t.deepEqual(delivery(), ['delivered']);
  await node.setPolicy(nodePolicy({ purpose: 'lab', profile: 'none' }));
  await lab.round();
  t.deepEqual(delivery(), [], "a change of the node's policy is looked at as well");
});

test('an object stays with a node whose agreement has ended', async (t) => {
  const lab = await guarded(t);
  const node = await lab.addNode('n1');
  await lab.publish('o1', { destinationPolicy: destinationPolicy('lab.guard') }, 'one');
  await lab.round();
  await lab.hub.askExchange({ method: 'DELETE', path: '/orgs/acme/business/policies/guard', auth: ADMIN });
  await lab.round();
  t.deepEqual(node.agreements, []);
  t.is(lab.hub.css.deliveries({ org: 'acme', type: 'security-policy', id: 'o1' }).length, 1);
});

test("objects for pattern nodes go by the pattern's name, and policies do not concern them", async (t) => {
  const lab = await guarded(t);
  await lab.put('POST', '/orgs/acme/patterns/all', {
    label: 'all',
    services: [
      {
        serviceUrl: 'lab.guard',
        serviceOrgid: 'acme',
        serviceArch: 'amd64',
        serviceVersions: [{ version: '1.0.0' }],
      },
    ],
  });
  const node = await lab.addNode('n1', { pattern: 'acme/all' });
  await lab.publish('by-policy', { destinationPolicy: destinationPolicy('lab.guard') }, 'one');
  await lab.round();
  await lab.publish('by-pattern', { destinationType: 'all' }, 'one');
  await lab.round();
  const status = (id: string) => node.ess.object({ org: 'acme', type: 'security-policy', id })?.status;
  t.deepEqual([status('by-policy'), status('by-pattern')], [undefined, 'completelyReceived']);
});

test('an Exchange that cannot be asked changes nothing', async (t) => {
  const lab = await guarded(t);
  const node = await lab.addNode('n1');
  await lab.round();
  const { startAgbot } = await import('#demo/simulators/agbot/start-agbot.ts');
  const { askOver } = await import('#demo/simulators/ask.ts');
  let reachable = true;
  const agbot = startAgbot({
    exchange: (question) => (reachable ? lab.hub.askExchange(question) : askOver('http://127.0.0.1:1')(question)),
    css: lab.hub.css.ask,
    told: () => Promise.resolve(),
    orgs: () => ['acme'],
    auth: 'IBM/agbot:pw',
  });
  t.teardown(() => agbot.close());
  t.true(await agbot.tick());
  t.is(agbot.agreementsOf(node.id).length, 1);
  reachable = false;
  t.false(await agbot.tick());
  t.is(agbot.agreementsOf(node.id).length, 1);
});
