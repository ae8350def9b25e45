/** Which objects go to which nodes (reference/exchange-mms.md §C.6), as a table. */
import test from 'ava';
import { type PlacementAgreement, type PolicyObject, placeObject } from '#demo/simulators/agbot/place-objects.ts';
import type { ServiceReference } from '#demo/simulators/mms/meta-data.ts';

const guard = (over: Partial<ServiceReference> = {}): ServiceReference => ({
  orgID: 'acme',
  arch: '*',
  serviceName: 'lab.guard',
  version: '[1.0.0,INFINITY)',
  ...over,
});

const object = (
  over: { services?: ServiceReference[]; constraints?: string[]; nodes?: string[] } = {},
): PolicyObject => ({
  org: 'acme',
  type: 'probe',
  id: 'o1',
  policy: { properties: [], constraints: over.constraints ?? [], services: over.services ?? [guard()], timestamp: 1n },
  nodes: over.nodes ?? [],
});

const agreement = (over: Partial<PlacementAgreement> = {}): PlacementAgreement => ({
  node: 'acme/n1',
  services: ['acme/lab.guard_1.0.0_amd64'],
  nodeProperties: [{ name: 'purpose', value: 'lab' }],
  ...over,
});

const moves = test.macro({
  exec(
    t,
    given: PolicyObject,
    agreements: readonly PlacementAgreement[],
    expected: readonly string[],
    before?: ServiceReference[],
  ) {
    const found = placeObject(given, agreements, before).map(({ kind, node }) => `${kind} ${node}`);
    t.deepEqual(found, expected);
  },
  title: (what) => `an object ${what}`,
});

test('goes to a node that runs its service', moves, object(), [agreement()], ['add n1']);
test('that is there stays', moves, object({ nodes: ['n1'] }), [agreement()], []);
test('goes nowhere without an agreement', moves, object(), [], []);
test('stays where an agreement has ended', moves, object({ nodes: ['n1'] }), [], []);
test(
  'of another service goes nowhere',
  moves,
  object({ services: [guard({ serviceName: 'lab.web' })] }),
  [agreement()],
  [],
);
test(
  "of another organisation's service goes nowhere",
  moves,
  object({ services: [guard({ orgID: 'other' })] }),
  [agreement()],
  [],
);
test(
  'of a range without the version goes nowhere',
  moves,
  object({ services: [guard({ version: '[2.0.0,3.0.0)' })] }),
  [agreement()],
  [],
);
test(
  'of a single version goes to that and later ones',
  moves,
  object({ services: [guard({ version: '1.0.0' })] }),
  [agreement({ services: ['acme/lab.guard_1.5.0_amd64'] })],
  ['add n1'],
);
test(
  'of another architecture goes nowhere',
  moves,
  object({ services: [guard({ arch: 'arm64' })] }),
  [agreement()],
  [],
);
test(
  'may name the architecture otherwise',
  moves,
  object({ services: [guard({ arch: 'x86_64' })] }),
  [agreement()],
  ['add n1'],
);
test(
  'of a service with an underscore is found from the end',
  moves,
  object({ services: [guard({ serviceName: 'a_b' })] }),
  [agreement({ services: ['acme/a_b_1.0.0_amd64'] })],
  ['add n1'],
);
test(
  'is found under the name that the Exchange made of a url',
  moves,
  object({ services: [guard({ serviceName: 'x.org-a-b' })] }),
  [agreement({ services: ['acme/x.org-a-b_1.0.0_amd64'] })],
  ['add n1'],
);
test(
  'is not found under the url itself',
  moves,
  object({ services: [guard({ serviceName: 'x.org/a/b' })] }),
  [agreement({ services: ['acme/x.org-a-b_1.0.0_amd64'] })],
  [],
);
test(
  'of a required service goes with it',
  moves,
  object({ services: [guard({ serviceName: 'lab.db' })] }),
  [agreement({ services: ['acme/lab.web_1.0.0_amd64', 'acme/lab.db_1.0.0_amd64'] })],
  ['add n1'],
);
test('without services goes nowhere', moves, object({ services: [] }), [agreement()], []);
test(
  'whose constraints hold goes there',
  moves,
  object({ constraints: ['purpose == lab'] }),
  [agreement()],
  ['add n1'],
);
test(
  'whose constraints do not hold goes nowhere',
  moves,
  object({ constraints: ['purpose == office'] }),
  [agreement()],
  [],
);
test(
  'whose constraints no longer hold is taken away',
  moves,
  object({ constraints: ['purpose == office'], nodes: ['n1'] }),
  [agreement()],
  ['remove n1'],
);
test('with a constraint that is none goes nowhere', moves, object({ constraints: ['((('] }), [agreement()], []);
test(
  'goes to every node that fits',
  moves,
  object({ constraints: ['purpose == lab'] }),
  [agreement(), agreement({ node: 'acme/n2' }), agreement({ node: 'acme/n3', nodeProperties: [] })],
  ['add n1', 'add n2'],
);
test('is placed once where two agreements run its service', moves, object(), [agreement(), agreement()], ['add n1']);
test(
  'whose policy drops the service is taken away',
  moves,
  object({ services: [guard({ serviceName: 'lab.web' })], nodes: ['n1'] }),
  [agreement()],
  ['remove n1'],
  [guard()],
);
test(
  'whose policy names another service of the node stays',
  moves,
  object({ services: [guard({ serviceName: 'lab.web' })], nodes: ['n1'] }),
  [agreement(), agreement({ services: ['acme/lab.web_1.0.0_amd64'] })],
  [],
  [guard()],
);
