/**
 * Which entry of the rule table decides about a program or file: entity and source, directory and source, entity,
 * program name, directory; the first found decides (BPF/enforcer.bpf.c enforce_proc, shared.h
 * match_and_enforce_path_hooks; reference/kubearmor.md §4.5).
 */
import { directoryReach } from './rule-key.ts';
import { DIRECTORY, EXEC, HINT, READ, RECURSIVE } from './rule-mask.ts';
import type { Entries, RuleTable, TableEntry } from './rule-table.ts';

type Side = 'process' | 'file';

const WANTED: Readonly<Record<Side, number>> = { process: EXEC, file: READ };

/** @param source executable of the parent; empty when it is not known */
export function findProgram(table: RuleTable, path: string, source: string): TableEntry | undefined {
  return (
    findInSource(table, path, source, 'process') ??
    findEntity(table.anySource, path, 'process') ??
    findEntity(table.anySource, path.slice(path.lastIndexOf('/') + 1), 'process') ??
    findDirectory(table.anySource, path, 'process')
  );
}

/** @param source executable of the acting process; empty when it is not known */
export function findFile(table: RuleTable, path: string, source: string): TableEntry | undefined {
  return (
    findInSource(table, path, source, 'file') ??
    findEntity(table.anySource, path, 'file') ??
    findDirectory(table.anySource, path, 'file')
  );
}

/** What each source has for this path: with the source unknown, any of them may be the one that decides. */
export function findForEverySource(table: RuleTable, path: string, side: Side): TableEntry[] {
  return [...table.bySource.values()].flatMap(
    (entries) => findEntity(entries, path, side) ?? findDirectory(entries, path, side) ?? [],
  );
}

function findInSource(table: RuleTable, path: string, source: string, side: Side): TableEntry | undefined {
  const entries = source === '' ? undefined : table.bySource.get(source);
  return entries === undefined ? undefined : (findEntity(entries, path, side) ?? findDirectory(entries, path, side));
}

function findEntity(entries: Entries, path: string, side: Side): TableEntry | undefined {
  const entry = entries.get(path);
  return entry !== undefined && entry[side] & WANTED[side] ? entry : undefined;
}

/**
 * Walks down the parents as far as the table knows them. A recursive directory with nothing below it in the table
 * decides at once; one with a hint decides in the end, whatever flat directory lies deeper; a flat directory decides
 * only if it is the last slash looked at.
 */
function findDirectory(entries: Entries, path: string, side: Side): TableEntry | undefined {
  const wanted = DIRECTORY | WANTED[side];
  let recursive: TableEntry | undefined;
  let flat: TableEntry | undefined;
  const reach = directoryReach(path);
  for (let end = path.indexOf('/'); end >= 0 && end < reach; end = path.indexOf('/', end + 1)) {
    const entry = entries.get(path.slice(0, end + 1));
    if (entry === undefined) {
      flat = undefined;
      break;
    }
    const mask = entry[side];
    const matches = (mask & wanted) === wanted;
    if (matches && mask & RECURSIVE) {
      if (!(mask & HINT)) return entry;
      recursive = entry;
    }
    flat = matches ? entry : undefined;
  }
  return recursive ?? flat;
}
