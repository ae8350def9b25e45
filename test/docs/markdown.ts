import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

export const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** A page, its path relative to the checkout. */
export interface Page {
  readonly path: string;
  readonly text: string;
}

/** Every Markdown page of the project. */
export function pages(): Page[] {
  const docs = readdirSync(`${ROOT}docs`, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`);
  return ['README.md', ...docs].map(readPage);
}

export function readPage(path: string): Page {
  return { path, text: readFileSync(`${ROOT}${path}`, 'utf8') };
}

/** A fenced block: its language (may be empty) and its lines. */
export interface Fence {
  readonly language: string;
  readonly lines: readonly string[];
}

/** A page's prose, with fenced blocks taken out, and the blocks. */
export function split(text: string): { readonly prose: string; readonly fences: readonly Fence[] } {
  const prose: string[] = [];
  const fences: { language: string; lines: string[] }[] = [];
  let open: { mark: string; fence: { language: string; lines: string[] } } | undefined;
  for (const line of text.split('\n')) {
    const mark = /^\s*(`{3,})(\w*)/.exec(line);
    if (open !== undefined) {
      if (mark?.[1] === open.mark) open = undefined;
      else open.fence.lines.push(line);
    } else if (mark !== null) {
      open = { mark: mark[1] ?? '', fence: { language: mark[2] ?? '', lines: [] } };
      fences.push(open.fence);
    } else prose.push(line);
  }
  return { prose: prose.join('\n'), fences };
}

/** Text of code spans, in which a line break counts as a blank. */
export function codeSpans(prose: string): string[] {
  return [...prose.matchAll(/`([^`]+)`/g)].map((match) => (match[1] ?? '').replace(/\s+/g, ' '));
}

/** The cells of each row of all tables. */
export function tableRows(text: string): string[][] {
  return text
    .split('\n')
    .filter((line) => line.startsWith('|') && !/^\|[\s:|-]+\|$/.test(line))
    .map((line) =>
      line
        .slice(1, -1)
        .split(/(?<!\\)\|/)
        .map((cell) => cell.trim()),
    );
}

/** Anchors of a page's headings, as GitHub makes them. */
export function anchors(text: string): Set<string> {
  const seen = new Map<string, number>();
  const found = new Set<string>();
  for (const line of split(text).prose.split('\n')) {
    const heading = /^#{1,6}\s+(.*?)\s*$/.exec(line)?.[1];
    if (heading === undefined) continue;
    const slug = heading
      .replace(/\[([^\]]*)\]\([^)]*\)/g, '$1')
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, '')
      .replace(/\s/g, '-');
    const count = seen.get(slug) ?? 0;
    seen.set(slug, count + 1);
    found.add(count === 0 ? slug : `${slug}-${count}`);
  }
  return found;
}
