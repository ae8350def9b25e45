import { readFileSync } from 'node:fs';
import { Ajv } from 'ajv';
import test from 'ava';
import { schemas } from '#tools/bundle/validators.ts';

const files = ['common', ...Object.keys(schemas)].map((kind) => `${kind}.schema.json`);
const read = (file: string): object => JSON.parse(readFileSync(`tools/schemas/${file}`, 'utf8'));

for (const file of files) {
  test(`${file} is a sound JSON Schema, in ajv's strict mode`, (t) => {
    const ajv = new Ajv({ strict: true, allowUnionTypes: true });
    if (file !== 'common.schema.json') ajv.addSchema(read('common.schema.json'), 'common.schema.json');
    t.notThrows(() => ajv.compile(read(file)));
  });
}

test('what editors read is what a build validates with', (t) => {
  t.deepEqual(Object.fromEntries(Object.entries(schemas).map(([kind, schema]) => [`${kind}.schema.json`, schema])), {
    ...Object.fromEntries(files.filter((file) => file !== 'common.schema.json').map((file) => [file, read(file)])),
  });
});

test('every key that a deployer can write is described, or names itself', (t) => {
  const speechless: string[] = [];
  const walk = (schema: unknown, path: string): void => {
    if (typeof schema !== 'object' || schema === null) return;
    if ('pattern' in schema && !('description' in schema)) speechless.push(path);
    for (const [key, child] of Object.entries(schema)) if (key !== 'propertyNames') walk(child, `${path}/${key}`);
  };
  for (const file of files) walk(read(file), file);
  t.deepEqual(speechless, [], 'a pattern without a description can only say that something is wrong');
});
