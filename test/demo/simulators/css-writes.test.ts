import { constants, generateKeyPairSync, sign } from 'node:crypto';
import test from 'ava';
import type { Body } from '#tools/bundle/types.ts';
import { type CssLab, objectBody, policyFor, startCssLab } from './css-lab.ts';

const refuses = test.macro({
  async exec(t, request: { meta: Body; id?: string; data?: string }, status: number, message: string) {
    const lab = await startCssLab();
    t.teardown(() => lab.close());
    const { id = 'o1', meta, data = 'data' } = request;
    t.deepEqual(await lab.put(id, meta, data), { status, body: message === '' ? '' : `${message}\n` });
    t.is(lab.css.object({ org: 'acme', type: 'probe', id }), undefined, 'nothing is stored');
  },
  title: (what) => `a write is refused: ${what}`,
});

// reference/exchange-mms.md §C.3
test(
  'another id in the body',
  refuses,
  { meta: { objectID: 'o2' } },
  400,
  "Object ID (o1) in the URL doesn't match the object-id (o2) in the payload",
);
test('no id in the body', refuses, { meta: { objectID: '' } }, 400, "Object's meta data does not contain object's ID");
test(
  'another type in the body',
  refuses,
  { meta: { objectType: 'x' } },
  400,
  "Object type (probe) in the URL doesn't match the object-type (x) in the payload",
);
test(
  'an unknown hash',
  refuses,
  { meta: { hashAlgorithm: 'MD5' } },
  400,
  'Hash Algorithm (MD5) is not supported. Please use SHA1 or SHA256 if specify',
);
test(
  'a key that is no base64',
  refuses,
  { meta: { publicKey: '%%' } },
  400,
  'PublicKey is not base64 encoded. Error: illegal base64 data at input byte 0',
);
test(
  'an expiration that has passed',
  refuses,
  { meta: { expiration: '2020-01-01T00:00:00Z' } },
  400,
  "Invalid expiration time in object's meta data",
);
test(
  'an expiration that is none',
  refuses,
  { meta: { expiration: 'tomorrow' } },
  400,
  'Failed to parse expiration in object\'s meta data. Error: parsing time "tomorrow" as "2006-01-02T15:04:05Z07:00": cannot parse "tomorrow" as "2006"',
);
test(
  'a version with a slash',
  refuses,
  { meta: { version: '1/2' } },
  400,
  'Version (1/2) contains one/some invalid characters (eg: <, >, =, \', ", &, space, \\, /)',
);
test(
  'markup in the description',
  refuses,
  { meta: { description: 'a <b> c' } },
  400,
  'Description (a <b> c) contains one/some invalid characters (<, >, =, \', ", &, space, \\, /)',
);
test(
  'policy and type',
  refuses,
  { meta: { destinationType: 'p' } },
  400,
  'Both destination policy and destination type are specified',
);
test(
  'policy and list',
  refuses,
  { meta: { destinationsList: [] } },
  400,
  'Both destination policy and destination list are specified',
);
test(
  'an id without a type',
  refuses,
  { meta: { destinationID: 'n' } },
  400,
  "Destination ID provided without destination type in object's meta data",
);
test(
  'a service without architecture',
  refuses,
  { meta: { destinationPolicy: { services: [{ orgID: 'acme', serviceName: 's', version: '1' }] } } },
  400,
  'A service in a DestinationPolicy must have an organization ID, architecture, service name, and version specified',
);
test(
  'a range that is none',
  refuses,
  { meta: { destinationPolicy: policyFor('s', '1.0.0-rc1') } },
  400,
  'A service in the DestinationPolicy has an invalid version `1.0.0-rc1`',
);
test(
  'a property without a name',
  refuses,
  { meta: { destinationPolicy: { properties: [{ value: 1 }] } } },
  400,
  'A property in the DestinationPolicy must have a name',
);
test(
  'an unknown node in the list',
  refuses,
  { meta: { destinationPolicy: null, destinationsList: ['t:n'] } },
  500,
  'Failed to find destination t:n',
);
test('data beside metaOnly', refuses, { meta: { metaOnly: true } }, 400, "Can't update data if MetaOnly is true");
test('deleted by its writer', refuses, { meta: { deleted: true } }, 400, 'Object marked as deleted');
test(
  'a value of another type',
  refuses,
  { meta: { consumers: 'one' } },
  400,
  'Invalid JSON for update. Error: json: cannot unmarshal string into Go struct field MetaData.meta.consumers of type int',
);
test('an id that is no name', refuses, { id: 'a b', meta: {} }, 400, 'object ID (a b) contains invalid characters');
test(
  'an id that HTML would take for more',
  refuses,
  { id: "a'b", meta: {} },
  400,
  'object ID (a&#39;b) contains invalid characters',
);
test('an id with a slash, which is another path', refuses, { id: 'a/b', meta: {} }, 400, '');

const takes = test.macro({
  async exec(t, id: string) {
    const lab = await startCssLab();
    t.teardown(() => lab.close());
    t.is((await lab.put(id, {}, 'n')).status, 204);
    t.is((await lab.get(id, '/data')).body, 'n');
  },
  title: (_, id) => `the CSS takes the id ${id}, which no node may be able to take`,
});
for (const id of ['a|b', 'a!b', 'a$b', 'a*b', 'a^b', 'a~b', 'a@b', 'ä', '日本', '..x']) test(takes, id);

const lab = async (t: { teardown(undo: () => Promise<void>): void }): Promise<CssLab> => {
  const started = await startCssLab();
  t.teardown(() => started.close());
  return started;
};

test('what a body leaves out is filled in, and what nobody knows is ignored', async (t) => {
  const { put, get, send } = await lab(t);
  t.is((await put('o1', { zzz: 1, consumers: 0 }, 'x')).status, 204);
  const meta = JSON.parse((await get('o1')).body);
  t.like(meta, { consumers: 1, ownerID: 'acme/ci', originID: 'Cloud', originType: 'Cloud', chunkSize: 5242880 });
  // Keys count in any case, and what follows the first value does not.
  const body = `${JSON.stringify({ META: { OBJECTID: 'o2', objecttype: 'probe' }, DATA: 'eA==' })} rest`;
  t.is((await send({ method: 'PUT', path: '/objects/acme/probe/o2', body })).status, 204);
});

test('ids of versions that follow one another are equal once rounded (§0)', async (t) => {
  const { put, get } = await lab(t);
  const idOf = async (): Promise<string> => /"instanceID": (\d+)/.exec((await get('o1')).body)?.[1] ?? '';
  const ids: string[] = [];
  for (const data of ['one', 'one', 'one']) {
    await put('o1', {}, data);
    ids.push(await idOf());
  }
  t.is(new Set(ids).size, 3);
  t.true(new Set(ids.map(Number)).size < 3, 'two of three are one number');
});

test('a write without data takes the old data away until new data is there (§C.3)', async (t) => {
  const { put, get, send } = await lab(t);
  await put('o1', {}, 'one');
  t.is((await put('o1', { version: '2' })).status, 204);
  t.is((await get('o1', '/status')).body, 'notReady');
  t.is((await get('o1', '/data')).status, 404);
  await send({ method: 'PUT', path: '/objects/acme/probe/o1/data', body: 'two' });
  t.is((await get('o1', '/status')).body, 'ready');
  t.is((await get('o1', '/data')).body, 'two');
});

test('a write of metadata alone keeps the data and forgets its size', async (t) => {
  const { put, get } = await lab(t);
  await put('o1', {}, 'one');
  await put('o1', { version: '2', metaOnly: true });
  t.is((await get('o1', '/data')).body, 'one');
  t.like(JSON.parse((await get('o1')).body), { version: '2', objectSize: 0 });
});

test('a destination policy can be neither dropped nor added, and the refused write has changed the data', async (t) => {
  const { put, get } = await lab(t);
  await put('o1', {}, 'one');
  const refusal = { status: 400, body: "Can't update the existence of Destination Policy\n" };
  t.deepEqual(await put('o1', { destinationPolicy: null }, 'two'), refusal);
  t.is((await get('o1', '/data')).body, 'two');
  t.deepEqual(await put('o1', { destinationPolicy: null }), refusal);
  t.is((await get('o1', '/data')).status, 404);
  await put('o2', { destinationPolicy: null }, 'x');
  t.deepEqual(await put('o2', {}, 'x'), refusal);
});

test('a chunk is refused on a bolt store, and stays behind the next, shorter data (§0)', async (t) => {
  const { put, get, send } = await lab(t);
  const path = '/objects/acme/probe/o1/data';
  await put('o1');
  const chunk = await send({ method: 'PUT', path, body: 'x'.repeat(9), headers: { 'content-range': 'bytes 0-8/9' } });
  t.is(chunk.status, 500);
  t.is(String(chunk.body), 'Failed to write all the data to file.\n');
  t.is((await get('o1', '/status')).body, 'notReady');
  await send({ method: 'PUT', path, body: 'hello' });
  t.is((await get('o1', '/data')).body, 'helloxxxx');
  await send({ method: 'PUT', path, body: 'hello' });
  t.is((await get('o1', '/data')).body, 'hello');
  const broken = await send({ method: 'PUT', path, body: 'x', headers: { 'content-range': 'bytes 5-1/9' } });
  t.is(
    String(broken.body),
    'Failed to parse Content-Range header, Error: Begin offset cannot be greater than end offset\n',
  );
});

test('type and id are joined by a dash: two objects can share their data', async (t) => {
  const { css } = await lab(t);
  const put = (type: string, id: string, data: string) =>
    css.ask({
      method: 'PUT',
      path: `/api/v1/objects/acme/${type}/${id}`,
      auth: 'acme/ci:pw',
      body: objectBody(id, { objectType: type }, data),
    });
  const data = (type: string, id: string) =>
    css.ask({ path: `/api/v1/objects/acme/${type}/${id}/data`, auth: 'acme/ci:pw' });
  await put('a-b', 'c', 'one');
  await put('a', 'b-c', 'two');
  t.is((await data('a-b', 'c')).body, 'two');
  await css.ask({ method: 'DELETE', path: '/api/v1/objects/acme/a/b-c', auth: 'acme/ci:pw' });
  t.is((await data('a-b', 'c')).status, 404);
});

test('a name of more than 255 bytes has no file', async (t) => {
  const { put } = await lab(t);
  const { status, body } = await put('x'.repeat(300), {}, 'n');
  t.is(status, 500);
  t.regex(body, /: file name too long\n$/);
});

test('data is checked against the signature beside it, at once (§C.4)', async (t) => {
  const { put, get, send } = await lab(t);
  const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const signed = (data: string, saltLength: number): Body => ({
    hashAlgorithm: 'SHA256',
    publicKey: publicKey.export({ type: 'spki', format: 'der' }).toString('base64'),
    signature: sign('sha256', Buffer.from(data), {
      key: privateKey,
      padding: constants.RSA_PKCS1_PSS_PADDING,
      saltLength,
    }).toString('base64'),
  });
  for (const salt of [0, 32, constants.RSA_PSS_SALTLEN_MAX_SIGN])
    t.is((await put('o1', signed('good', salt), 'good')).status, 204);
  const bad = await put('o1', signed('good', 32), 'evil');
  t.is(bad.status, 500);
  t.regex(bad.body, /^Failed to verify data with public key and data signature/);
  t.is((await get('o1', '/status')).body, 'verificationFailed');
  t.is((await get('o1', '/data')).status, 404);
  await put('o2', signed('later', 32));
  const late = await send({ method: 'PUT', path: '/objects/acme/probe/o2/data', body: 'evil' });
  t.regex(String(late.body), /^Failed to verify and store data, Error: Failed to verify data/);
  t.is((await send({ method: 'PUT', path: '/objects/acme/probe/o2/data', body: 'later' })).status, 204);
  const pem = publicKey.export({ type: 'spki', format: 'pem' });
  t.is(
    (await put('o3', { ...signed('good', 32), publicKey: Buffer.from(pem).toString('base64') }, 'good')).status,
    500,
  );
});

test('a part of the data comes with zeros behind its end, and with a 200 where the whole was covered', async (t) => {
  const { put, send } = await lab(t);
  await put('o1', {}, '0123456789');
  const part = async (range: string) => {
    const { status, headers, body } = await send({ path: '/objects/acme/probe/o1/data', headers: { range } });
    return [status, headers['content-range'], String(body)];
  };
  t.deepEqual(await part('bytes=0-3'), [206, 'bytes 0-3/10', '0123']);
  t.deepEqual(await part('bytes=8-12'), [206, 'bytes 8-9/10', '89\0\0\0']);
  t.deepEqual(await part('bytes=0-11'), [200, undefined, '0123456789\0\0']);
  t.deepEqual(await part('bytes=5-1'), [400, undefined, 'Begin offset cannot be greater than end offset\n0123456789']);
});

test('an object of another organisation than the path goes there', async (t) => {
  const { put, get, css } = await lab(t);
  t.is((await put('o1', { destinationOrgID: 'other' }, 'x')).status, 204);
  t.is((await get('o1')).status, 404);
  t.is((await css.ask({ path: '/api/v1/objects/other/probe/o1/data', auth: 'root/root:pw' })).body, 'x');
});

test('expired objects go without a word, inactive ones come when it is time (§C.6)', async (t) => {
  let now = Date.parse('2030-01-01T00:00:00Z');
  const { put, get, css, close } = await startCssLab({ now: () => now });
  t.teardown(close);
  await put('expires', { expiration: '2099-01-01T00:00:00Z' }, 'x');
  await put('waits', { inactive: true, activationTime: '2098-01-01T00:00:00Z' }, 'x');
  css.maintain();
  t.is((await get('expires')).status, 200);
  now = Date.parse('2099-06-01T00:00:00Z');
  css.maintain();
  t.is((await get('expires')).status, 404);
  t.false(JSON.parse((await get('waits')).body).inactive);
});
