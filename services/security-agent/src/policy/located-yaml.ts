import { type Document, isMap, isScalar, isSeq, LineCounter, type Node, parseDocument } from 'yaml';
import { ArmorError, ArmorErrors } from '#errors';

export type YamlPath = readonly (string | number)[];

/** A YAML document as data, and where in its file each path of the data stands (lines and columns from 1). */
export interface LocatedYaml {
  readonly value: unknown;
  /** The position of the value at `path`; the nearest parent's when there is none. */
  locate(path: YamlPath): { readonly line: number; readonly column: number };
  /** The position of the last key of `path` itself, for a key that should not be there. */
  locateKey(path: YamlPath): { readonly line: number; readonly column: number };
}

/** Reads one YAML document. @throws ArmorErrors SOURCE_INVALID with the position of every syntax error */
export function parseLocatedYaml(text: string, file: string): LocatedYaml {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, uniqueKeys: true });
  const problems = document.errors.map(({ message, pos }) => {
    const { line, col } = lines.linePos(pos[0]);
    return new ArmorError('SOURCE_INVALID', `not YAML: ${message}`, { file, line, column: col }, 'Mend the syntax.');
  });
  const [first, ...rest] = problems;
  if (first !== undefined) throw new ArmorErrors([first, ...rest]);
  const position = (node: Node | null | undefined) => {
    const { line, col } = lines.linePos(node?.range?.[0] ?? 0);
    return { line: Math.max(line, 1), column: Math.max(col, 1) };
  };
  return {
    value: toData(document, file),
    locate: (path) => position(nearest(document, path)),
    locateKey: (path) => position(keyNode(document, path) ?? nearest(document, path)),
  };
}

/** Aliases are expanded at most 100 times: a "billion laughs" file ends here (the yaml package's own limit). */
function toData(document: Document, file: string): unknown {
  try {
    return document.toJS({ maxAliasCount: 100 });
  } catch (cause) {
    const message = cause instanceof Error ? cause.message : String(cause);
    throw new ArmorError('SOURCE_INVALID', message, { file }, 'Write the values out instead of aliasing them.', {
      cause,
    });
  }
}

function nearest(document: Document, path: YamlPath): Node | null {
  let node: unknown = document.contents;
  let found = document.contents;
  for (const key of path) {
    node = isMap(node) || isSeq(node) ? node.get(key, true) : undefined;
    if (!isNode(node)) break;
    found = node;
  }
  return found;
}

function keyNode(document: Document, path: YamlPath): Node | undefined {
  const parent = nearest(document, path.slice(0, -1));
  const last = path.at(-1);
  if (!isMap(parent)) return undefined;
  const key = parent.items.find((pair) => isScalar(pair.key) && pair.key.value === last)?.key;
  return isNode(key) ? key : undefined;
}

function isNode(value: unknown): value is Node {
  return isMap(value) || isSeq(value) || isScalar(value);
}
