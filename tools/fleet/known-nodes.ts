import { readFile } from 'node:fs/promises';
import { parse, stringify } from 'yaml';
import { writeAtomically } from '#agent/sources/store.ts';
import { ArmorError } from '#errors';

/** Node keys that were trusted on first sight; a file to commit. By node (`org/node`). */
export type KnownNodes = ReadonlyMap<string, KnownNode>;

export interface KnownNode {
  /** Lower-case hex SHA-256 of the SPKI DER of the node's key. */
  readonly key: string;
  /** ISO date of the first report that was read. */
  readonly firstSeen: string;
}

const HEAD = `# Keys with which nodes sign their security status, trusted on first sight by hzn-armor fleet.
# Commit this file; remove a node's entry after it was registered anew on purpose.
`;

/** @throws ArmorError SOURCE_INVALID for a file that holds something else; a missing file knows nobody */
export async function readKnownNodes(file: string): Promise<KnownNodes> {
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return '';
    throw unusable(file, error.message);
  });
  let value: unknown;
  try {
    value = parse(text) ?? {};
  } catch (error) {
    throw unusable(file, error instanceof Error ? error.message : String(error));
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw unusable(file, 'it is not a map of nodes');
  return new Map(
    Object.entries(value).map(([node, entry]: [string, unknown]): [string, KnownNode] => {
      if (isKnownNode(entry)) return [node, entry];
      throw unusable(file, `${node} needs key (64 hex digits) and firstSeen`);
    }),
  );
}

/** Nodes in order, so that a diff shows only what is new. @throws ArmorError STATE_UNWRITABLE */
export async function writeKnownNodes(file: string, known: KnownNodes): Promise<void> {
  const sorted = Object.fromEntries([...known].sort(([a], [b]) => (a < b ? -1 : 1)));
  await writeAtomically(file, HEAD + stringify(sorted), 0o644);
}

function isKnownNode(value: unknown): value is KnownNode {
  if (typeof value !== 'object' || value === null) return false;
  const { key, firstSeen } = value as Partial<KnownNode>;
  return typeof key === 'string' && /^[0-9a-f]{64}$/.test(key) && typeof firstSeen === 'string';
}

function unusable(file: string, message: string): ArmorError {
  return new ArmorError('SOURCE_INVALID', message, { file }, 'Correct the file, or remove it to trust the nodes anew.');
}
