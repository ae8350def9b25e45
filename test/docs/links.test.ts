import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import test from 'ava';
import { anchors, pages, ROOT, split } from './markdown.ts';

const all = pages();

/** Targets of a page's links, code spans taken out. */
function linksOf(text: string): string[] {
  const prose = split(text).prose.replace(/`[^`]*`/g, '`code`');
  return [...prose.matchAll(/\]\(([^()\s]+)\)/g)].map((match) => match[1] ?? '');
}

test('every relative link leads to a file, and every anchor to a heading', (t) => {
  const broken: string[] = [];
  let checked = 0;
  for (const { path, text } of all) {
    for (const link of linksOf(text)) {
      if (/^[a-z]+:/.test(link)) continue;
      checked += 1;
      const [file = '', anchor] = link.split('#');
      const target = file === '' ? path : normalize(join(dirname(path), file));
      if (!existsSync(join(ROOT, target))) broken.push(`${path}: ${link}: there is no ${target}`);
      else if (anchor !== undefined && !anchors(readFileSync(join(ROOT, target), 'utf8')).has(anchor)) {
        broken.push(`${path}: ${link}: ${target} has no heading #${anchor}`);
      }
    }
  }
  t.true(checked > 100);
  t.deepEqual(broken, []);
});

test('the index names every page', (t) => {
  const index = all.find(({ path }) => path === 'docs/index.md');
  const named = new Set(linksOf(index?.text ?? ''));
  const others = all.flatMap(({ path }) => /^docs\/([^/]+\.md)$/.exec(path)?.[1] ?? []);
  t.deepEqual(
    others.filter((name) => name !== 'index.md' && !named.has(name)),
    [],
  );
});

test('pages that the code names exist', (t) => {
  const settings = readFileSync(join(ROOT, 'services/security-agent/src/settings.ts'), 'utf8');
  const assess = readFileSync(join(ROOT, 'services/security-agent/src/truth/assess.ts'), 'utf8');
  const held = readFileSync(join(ROOT, 'services/security-agent/src/sources/held.ts'), 'utf8');
  const named = [settings, assess, held].flatMap((text) => text.match(/docs\/[\w-]+\.md/g) ?? []);
  t.true(named.length >= 3);
  t.deepEqual(
    named.filter((page) => !existsSync(join(ROOT, page))),
    [],
  );
});
