import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import fc from 'fast-check';
import { ArmorError, ArmorErrors } from '#errors';
import { loadBundle } from '#tools/bundle/load-bundle.ts';
import { render } from '#tools/bundle/render.ts';
import { SMALL_BUNDLE, settingsOf, writeBundle } from './bundle-fixture.ts';

const files = Object.keys(SMALL_BUNDLE);
const awkward = fc.constantFrom(
  '\t',
  '"',
  '{',
  '[',
  '- ',
  ': ',
  '&a ',
  '*a',
  '!!binary ',
  '<<: ',
  '\u0000',
  '\uFEFF',
  '---\n',
  '%YAML',
  '| ',
  '🦊',
  '${',
  '__proto__: ',
  'null',
);

test('a source that is damaged in any way gives errors with a place, or a bundle that renders', async (t) => {
  const dir = writeBundle(t);
  const damage = fc.record({
    file: fc.constantFrom(...files),
    at: fc.nat(2000),
    cut: fc.nat(12),
    insert: fc.oneof(awkward, fc.string({ maxLength: 6 })),
  });
  await fc.assert(
    fc.asyncProperty(damage, async ({ file, at, cut, insert }) => {
      const text = SMALL_BUNDLE[file] ?? '';
      const from = at % (text.length + 1);
      writeFileSync(join(dir, file), text.slice(0, from) + insert + text.slice(from + cut));
      try {
        render(await loadBundle(dir, settingsOf()), 'ab'.repeat(32));
      } catch (error) {
        const errors = error instanceof ArmorErrors ? error.errors : [error];
        for (const each of errors) {
          t.true(each instanceof ArmorError, `${file}: ${String(each)}`);
          t.true(
            each instanceof ArmorError && ('file' in each.where || each.code === 'SETTING_MISSING') && each.fix !== '',
          );
        }
      } finally {
        writeFileSync(join(dir, file), text);
      }
    }),
    { numRuns: 200 },
  );
});

test('whatever value stands in place of any other, it is an error with a place or it renders', async (t) => {
  const dir = writeBundle(t);
  const file = 'deployment-policies/web.yaml';
  const keys = ['label', 'service', 'properties', 'constraints', 'securityPolicies', 'userInput', 'secretBinding'];
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...keys), fc.jsonValue({ maxDepth: 3 }), async (key, value) => {
      const lines = (SMALL_BUNDLE[file] ?? '')
        .split('\n')
        .filter((line) => !line.startsWith(' ') && !line.startsWith(`${key}:`));
      writeFileSync(join(dir, file), `${lines.join('\n')}\n${key}: ${JSON.stringify(value)}\n`);
      await loadBundle(dir, settingsOf()).then(
        (bundle) => t.notThrows(() => render(bundle, 'ab'.repeat(32))),
        (error) => t.true(error instanceof ArmorErrors || error instanceof ArmorError, String(error)),
      );
    }),
    { numRuns: 150 },
  );
});
