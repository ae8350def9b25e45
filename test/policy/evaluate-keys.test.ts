import test from 'ava';
import fc from 'fast-check';
import { directoryKeys, truncatedKey } from '#policy/evaluate/rule-key.ts';

test('the keys of a directory', (t) => {
  t.deepEqual(directoryKeys('/usr/local/bin/'), { asFile: '/usr/local/bin', above: ['/', '/usr/', '/usr/local/'] });
  t.deepEqual(directoryKeys('/data/sub'), { asFile: '/data', above: ['/'] });
  t.deepEqual(directoryKeys('/'), { asFile: '', above: [] });
  t.deepEqual(directoryKeys('data'), { asFile: '', above: [] });
});

/** KubeArmor's own words: it splits at the slashes, joins every beginning and ends it with one (dirtoMap). */
function joined(directory: string): string[] {
  const parts = directory.split('/');
  return parts.slice(1, -1).map((_, index) => `${parts.slice(0, index + 1).join('/')}/`);
}

test('no entry of the map is missed, and none is made up', (t) => {
  const name = fc.stringMatching(/^[a-zé😀]{0,60}$/u);
  fc.assert(
    fc.property(fc.array(name, { maxLength: 12 }), (names) => {
      const directory = names.join('/');
      const { asFile, above } = directoryKeys(directory);
      const entries = (paths: readonly string[]) => [...new Set([directory, ...paths].map(truncatedKey))].toSorted();
      t.deepEqual(entries(above), entries(joined(directory)));
      t.is(asFile, directory.split('/').slice(0, -1).join('/'));
    }),
  );
});

test('a megabyte of slashes takes no more keys than fit', (t) => {
  t.true(directoryKeys('/'.repeat(1_000_000)).above.length <= 200);
});
