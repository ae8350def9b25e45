/** The ESS replays what services of a policy node were answered by a real agent (captures/hub/ess-policy-node-*.json). */
import { referenceFile, testWith } from '#test/support/reference.ts';
import { type RecordedExchange, readRecording } from './captures.ts';
import {
  askEss,
  deploymentPolicy,
  destinationPolicy,
  type EssReply,
  type Lab,
  loginFrom,
  nodePolicy,
  service,
  startLab,
} from './lab.ts';

const TARGET = 'captures/hub/ess-policy-node-target-service.json';
const OTHER = 'captures/hub/ess-policy-node-other-service.json';

testWith(TARGET, OTHER)('services of a policy node get the answers that a real agent gave', async (t) => {
  const lab = await startLab();
  t.teardown(() => lab.close());
  const node = await nodeAsRecorded(lab);

  // In this order: the second recording sees what a service published in the first.
  for (const [name, file] of [
    ['lab.guard', TARGET],
    ['lab.web', OTHER],
  ] as const) {
    const agreement = node.agreements.find(({ service: { url } }) => url === name);
    const login = await loginFrom(agreement?.authFolder ?? '');
    for (const recorded of readRecording(referenceFile(file))) {
      const auth = authOf(recorded, login);
      const { method, path, headers = {}, body } = recorded.request;
      const reply = await askEss(node.ess, {
        method,
        path,
        headers,
        ...(auth !== undefined && { auth }),
        ...(body !== undefined && { body }),
      });
      t.deepEqual(comparable(reply), comparable(asReply(recorded)), `${name}: ${recorded.name}`);
    }
  }
});

/** Two services, five objects: in the state of the recorded node. */
async function nodeAsRecorded(lab: Lab) {
  for (const name of ['lab.guard', 'lab.web']) {
    await lab.put('POST', '/orgs/acme/services', service(name, [name.replace('.', '-')]));
    await lab.put('POST', `/orgs/acme/business/policies/${name}`, deploymentPolicy(name));
  }
  const node = await lab.addNode('node1', { policy: nodePolicy({ purpose: 'lab', 'armor.profile': 'edge' }) });
  const guard = (version: string, arch = '*', constraint = 'purpose == lab') =>
    destinationPolicy('lab.guard', {
      constraints: [constraint],
      services: [{ orgID: 'acme', arch, serviceName: 'lab.guard', version }],
    });
  const any = guard('[1.0.0,INFINITY)');
  const profile = guard('1.0.0', 'amd64', 'armor.profile == edge');
  await lab.publish('exact', { version: '2', destinationPolicy: guard('[1.0.0,1.0.0]') }, 'pol');
  await lab.publish('pol-a', { version: '2', destinationPolicy: any }, 'policy two');
  await lab.publish('profile', { version: '1', destinationPolicy: profile }, 'pol');
  await lab.publish('tim', { version: '3', destinationPolicy: any }, 'tim');
  await lab.publish('x86arch', { version: '1', destinationPolicy: guard('[1.0.0,INFINITY)', 'x86_64') }, 'pol');
  await lab.round();
  // As recorded: the last change was to the metadata alone, by somebody who sent back the size that he had read.
  await lab.publish('profile', { version: '4', metaOnly: true, objectSize: 3, destinationPolicy: profile });
  await lab.round();
  return node;
}

function authOf({ name, request }: RecordedExchange, login: string): string | undefined {
  if (!request.as) return undefined;
  return `${request.as}:${name === 'wrong token' ? 'wrong' : login.slice(login.indexOf(':') + 1)}`;
}

function asReply({ response: { status, headers, body, text } }: RecordedExchange): EssReply {
  return {
    status,
    type: headers['content-type'],
    range: headers['content-range'],
    location: headers.location,
    body: text ?? (typeof body === 'string' ? body : JSON.stringify(body, null, 2)),
  };
}

/** Ids and times are a run's own. */
function comparable({ body, ...rest }: EssReply) {
  return { ...rest, body: body.replaceAll(/"(instanceID|dataID|timestamp|upTime)": \d+/g, '"$1": 0') };
}
