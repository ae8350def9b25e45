import { mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { ArmorErrors } from '#errors';
import { loadBundle } from '#tools/bundle/load-bundle.ts';
import { render } from '#tools/bundle/render.ts';
import { renderSources } from '#tools/bundle/render-sources.ts';
import { signText } from '#tools/signing/signature.ts';
import { SMALL_BUNDLE, settingsOf, writeBundle } from './bundle-fixture.ts';
import { signer, stranger } from './dist-fixture.ts';

const MARK = 'remembered';
const memory = (dir: string): string => join(dir, '.horizon-armor/rendered.json');

/** Renders, then marks what is remembered, so that a second rendering tells where it comes from. */
async function remembering(
  t: ExecutionContext,
  changes: Readonly<Record<string, string>> = {},
  variables = {},
  by = signer,
): Promise<string> {
  const dir = writeBundle(t, changes);
  await renderSources(dir, settingsOf(variables), signer);
  const [, body = ''] = readFileSync(memory(dir), 'utf8').split('\n');
  const marked = JSON.stringify({ ...JSON.parse(body), warnings: [{ message: MARK }] });
  writeFileSync(memory(dir), `${await signText(marked, by.privateKey)}\n${marked}`);
  return dir;
}

async function isRemembered(
  dir: string,
  variables = {},
  by = signer,
  settings = settingsOf(variables),
): Promise<boolean> {
  const { warnings } = await renderSources(dir, settings, by);
  return warnings.some(({ message }) => message === MARK);
}

test('what is rendered is what loading and rendering give, remembered or not', async (t) => {
  const dir = writeBundle(t);
  const bundle = await loadBundle(dir, settingsOf());
  const expected = { publishable: render(bundle, signer.keyId), warnings: bundle.warnings };
  for (const _ of ['loaded', 'remembered']) t.like(await renderSources(dir, settingsOf(), signer), expected);
});

test('unchanged sources are not read as YAML again', async (t) => {
  const dir = await remembering(t);
  t.true(await isRemembered(dir));
  writeFileSync(join(dir, 'README.md'), 'not a source');
  writeFileSync(join(dir, 'services/web/Dockerfile.md'), '');
  rmSync(join(dir, 'services/web/Dockerfile.md'));
  t.true(await isRemembered(dir));
});

const forgets = test.macro({
  async exec(t, change: (dir: string) => void) {
    const dir = await remembering(t);
    change(dir);
    t.false(await isRemembered(dir));
    const bundle = await loadBundle(dir, settingsOf());
    t.like(await renderSources(dir, settingsOf(), signer), {
      publishable: render(bundle, signer.keyId),
      warnings: bundle.warnings,
    });
  },
  title: (what) => `${what} is seen`,
});

const replace = (file: string, from: string, to: string) => (dir: string) =>
  writeFileSync(join(dir, file), (SMALL_BUNDLE[file] ?? '').replace(from, to));

test('a changed service', forgets, replace('services/web/service.yaml', 'label: Web', 'label: W'));
test('a changed service policy', forgets, replace('services/web/service.policy.yaml', 'kind', 'sort'));
test('a changed deployment policy', forgets, replace('deployment-policies/web.yaml', 'front', 'back'));
test('a changed policy of its own', forgets, replace('deployment-policies/web/own.yaml', '/bin/sh', '/bin/ash'));
test('a changed template', forgets, replace('services/kubearmor/hardening/no-write.yaml', 'Nobody', 'No one'));
test('a changed pattern', forgets, replace('patterns/all.yaml', 'label: All', 'label: Any'));
test('a changed bundle file', forgets, replace('horizon-armor.yaml', '1.0.0', '1.0.1'));
test('a locked image', forgets, (dir) =>
  writeFileSync(
    join(dir, 'images.lock.yaml'),
    `images: { "example.com/web:1.0": { amd64: "sha256:${'0'.repeat(64)}" } }\n`,
  ),
);
test('a lock that is gone', forgets, (dir) => rmSync(join(dir, 'images.lock.yaml')));
test('a new pattern', forgets, (dir) =>
  writeFileSync(join(dir, 'patterns/more.yaml'), SMALL_BUNDLE['patterns/all.yaml'] ?? ''),
);
test('a removed pattern', forgets, (dir) => rmSync(join(dir, 'patterns/all.yaml')));
test('a new service policy', forgets, (dir) =>
  writeFileSync(join(dir, 'services/guard/service.policy.yaml'), 'constraints: []\n'),
);
test('a new service', forgets, (dir) => {
  mkdirSync(join(dir, 'services/new'));
  writeFileSync(
    join(dir, 'services/new/service.yaml'),
    (SMALL_BUNDLE['services/web/service.yaml'] ?? '').replace('url: web', 'url: new'),
  );
});

test('a lock that comes is seen', async (t) => {
  const dir = await remembering(t);
  rmSync(join(dir, 'images.lock.yaml'));
  await renderSources(dir, settingsOf(), signer);
  writeFileSync(
    join(dir, 'images.lock.yaml'),
    `images: { "example.com/web:1.0": { amd64: "sha256:${'0'.repeat(64)}" } }\n`,
  );
  const { publishable } = await renderSources(dir, settingsOf(), signer);
  t.regex(publishable.services.find(({ id }) => id === 'web_1.0.0_amd64')?.body.deployment ?? '', /web@sha256:0/);
});

const NAMED = {
  'services/web/service.yaml': (SMALL_BUNDLE['services/web/service.yaml'] ?? '').replace(
    'label: Web',
    'label: "$\u007BNAME}"',
  ),
};

test('a variable that a source uses is seen to change; others are not looked at', async (t) => {
  const dir = await remembering(t, NAMED, { NAME: 'a' });
  t.true(await isRemembered(dir, { NAME: 'a', OTHER: 'b' }));
  t.false(await isRemembered(dir, { NAME: 'b' }));
});

test('a variable of horizon-armor.yaml that the environment comes to define is seen', async (t) => {
  const dir = await remembering(t, {
    ...NAMED,
    'horizon-armor.yaml': `${SMALL_BUNDLE['horizon-armor.yaml']}variables: { NAME: a }\n`,
  });
  t.true(await isRemembered(dir));
  t.false(await isRemembered(dir, { NAME: 'a2' }));
});

test('another organization is seen', async (t) => {
  const dir = await remembering(t, {
    'services/web/service.yaml': (SMALL_BUNDLE['services/web/service.yaml'] ?? '').replace(/org: .*\n/, ''),
  });
  t.false(await isRemembered(dir, {}, signer, { org: { value: 'other', from: 'test' }, variables: new Map() }));
});

test('another key renders anew, since nodes are told to trust it', async (t) => {
  const dir = await remembering(t);
  t.false(await isRemembered(dir, {}, stranger));
});

test('what somebody else put there is not believed', async (t) => {
  t.false(await isRemembered(await remembering(t, {}, {}, stranger)));
  const dir = await remembering(t);
  writeFileSync(memory(dir), readFileSync(memory(dir), 'utf8').replace(MARK, `${MARK}!`));
  const { warnings } = await renderSources(dir, settingsOf(), signer);
  t.false(JSON.stringify(warnings).includes(MARK));
  for (const text of ['', 'x', 'x\n{}', '\n']) {
    writeFileSync(memory(dir), text);
    t.false(await isRemembered(dir));
  }
});

test('a mistake is not remembered, and no mistake is hidden by what is', async (t) => {
  const dir = await remembering(t);
  replace('services/web/service.yaml', 'label', 'lable')(dir);
  for (const _ of [1, 2]) await t.throwsAsync(renderSources(dir, settingsOf(), signer), { instanceOf: ArmorErrors });
});

test('where nothing can be remembered, rendering works all the same', async (t) => {
  const dir = writeBundle(t);
  writeFileSync(join(dir, '.horizon-armor'), 'in the way');
  t.is((await renderSources(dir, settingsOf(), signer)).publishable.name, 'small');
});

test('only the publisher can read what is remembered', async (t) => {
  const dir = writeBundle(t);
  await renderSources(dir, settingsOf(), signer);
  t.is(statSync(memory(dir)).mode & 0o077, 0);
  t.notRegex(readFileSync(memory(dir), 'utf8'), /PRIVATE/);
});
