import { readFileSync } from 'node:fs';
import test from 'ava';
import { openApi } from '#agent/api/openapi.ts';
import { createMetrics } from '#agent/metrics.ts';
import { anchors, ROOT, readPage, tableRows } from './markdown.ts';

/** Members of a union of string literals, from the source's text: types leave nothing to ask at run time. */
function union(file: string, name: string): string[] {
  const source = readFileSync(`${ROOT}services/security-agent/src/${file}`, 'utf8');
  const body = new RegExp(`(?:type ${name} =|readonly ${name}:)([^;]*);`).exec(source)?.[1] ?? '';
  return [...body.matchAll(/'([\w-]+)'/g)].map((match) => match[1] ?? '');
}

/** Words in code spans of the first cells of a page's tables. */
function words(page: string): Set<string> {
  const firsts = tableRows(readPage(page).text).map(([first = '']) => first);
  return new Set(firsts.flatMap((cell) => [...cell.matchAll(/`([\w-]+)`/g)].map((match) => match[1] ?? '')));
}

const UNIONS = [
  { file: 'truth/assess.ts', name: 'Protection', page: 'docs/status.md', least: 3 },
  { file: 'sources/held.ts', name: 'RejectReason', page: 'docs/status.md', least: 8 },
  { file: 'report/security-status.ts', name: 'state', page: 'docs/status.md', least: 4 },
  { file: 'truth/assess.ts', name: 'applied', page: 'docs/status.md', least: 4 },
  { file: 'events/agent-event.ts', name: 'NoticeKind', page: 'docs/status.md', least: 20 },
] as const;

for (const { file, name, page, least } of UNIONS) {
  test(`${page} explains each ${name} of ${file}`, (t) => {
    const members = union(file, name);
    t.true(members.length >= least, members.join());
    const explained = words(page);
    t.deepEqual(
      members.filter((member) => !explained.has(member)),
      [],
    );
  });
}

test('docs/status.md has a section for each reason, and no other', (t) => {
  const reasons = union('truth/assess.ts', 'Reason');
  t.true(reasons.length >= 16);
  const { text } = readPage('docs/status.md');
  const section = text.slice(text.indexOf('## Reasons'), text.indexOf('## Attachments'));
  const headings = [...section.matchAll(/^### (.*)$/gm)].map((match) => match[1] ?? '');
  t.deepEqual(headings.sort(), reasons.sort());
});

test('docs/status.md names why a vanished policy ends', (t) => {
  const { text } = readPage('docs/status.md');
  const reasons = union('sources/held.ts', 'EndReason');
  t.is(reasons.length, 3);
  t.deepEqual(
    reasons.filter((reason) => !text.includes(`\`${reason}\``)),
    [],
  );
});

test('docs/fleet.md explains each standing of a report', (t) => {
  const source = readFileSync(`${ROOT}tools/fleet/fleet-status.ts`, 'utf8');
  const body = /type Standing =([^;]*);/.exec(source)?.[1] ?? '';
  const standings = [...body.matchAll(/'([\w-]+)'/g)].map((match) => match[1] ?? '');
  t.is(standings.length, 6);
  const explained = words('docs/fleet.md');
  t.deepEqual(
    standings.filter((standing) => !explained.has(standing)),
    [],
  );
});

test('docs/api.md lists every metric with its labels, and no other', async (t) => {
  const metrics = createMetrics({
    workloads: () => [],
    policies: () => [],
    consumers: () => [],
    kubearmorUp: () => true,
    dockerUp: () => true,
    essUp: () => true,
  });
  const served = [...(await metrics.text()).matchAll(/^# TYPE horizon_armor_(\w+) (\w+)$/gm)].map(
    ([, name, type]) => `${name} ${type}`,
  );
  t.true(served.length >= 11);
  const { text } = readPage('docs/api.md');
  const listed = tableRows(text.slice(text.indexOf('## Metrics'))).flatMap(([first = '', type = '']) => {
    const name = /^`(\w+)`$/.exec(first)?.[1];
    return name === undefined ? [] : [`${name} ${type}`];
  });
  t.deepEqual(listed.sort(), served.sort());
});

test('docs/api.md lists every route', (t) => {
  const { text } = readPage('docs/api.md');
  const routes = [...text.matchAll(/^\| `GET (\S+)` \|/gm)].map((match) => match[1] ?? '');
  t.deepEqual(routes.sort(), [...Object.keys(openApi.paths), '/openapi.json'].sort());
  t.true(anchors(text).has('findings'));
});
