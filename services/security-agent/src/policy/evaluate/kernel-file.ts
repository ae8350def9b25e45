import type { PostureAction } from './decision.ts';
import { findFile, findForEverySource } from './find-entry.ts';
import { kernelPath } from './rule-key.ts';
import { DENY, OWNER, READ, TTY, WRITE } from './rule-mask.ts';
import type { RuleTable, TableEntry } from './rule-table.ts';
import { denied, PASS, passed, strictest, unlisted, type Verdict } from './verdict.ts';

/** open: file_open. change: the path hooks (mknod, unlink, chmod, truncate …). write: file_permission. */
export type FileHook = 'open' | 'change' | 'write';

export interface FileAccess {
  readonly path: string;
  /** Executable of the acting process; empty when unknown. */
  readonly source: string;
  /** Whether the actor owns what the hook looks at; absent where the event does not tell. */
  readonly owner?: boolean;
  readonly uid: number;
  readonly tty: boolean;
}

/** shared.h, match_and_enforce_path_hooks. */
export function judgeFile(table: RuleTable, hook: FileHook, access: FileAccess, posture: PostureAction): Verdict {
  // The root directory and files without a path leave the hook at once (prepend_path fails).
  if (!access.path.startsWith('/') || access.path === '/') return PASS;
  const path = kernelPath(access.path);
  const entry = findFile(table, path, kernelPath(access.source));
  const verdict = entry === undefined ? unlisted(table.whitelists.file, posture) : decide(table, hook, entry, access);
  if (access.source !== '' || table.bySource.size === 0) return verdict;
  return unknownSource(table, hook, access, path, verdict);
}

function decide(table: RuleTable, hook: FileHook, entry: TableEntry, access: FileAccess): Verdict {
  const { file: mask, fileRule: rule } = entry;
  const byOwner = mask & OWNER ? judgeOwner(hook, entry, access) : undefined;
  if (byOwner !== undefined) return byOwner;
  const readOnly = (mask & READ) !== 0 && (mask & WRITE) === 0;
  if (hook === 'open' && readOnly) return passed(rule);
  if (hook === 'write' && readOnly) return denied(rule);
  const terminal = (mask & TTY) !== 0;
  // A terminal matters only where the rule forbids it, or on an allow-list.
  if (hook !== 'write' && mask & DENY && (!terminal || access.tty)) return denied(rule);
  if (!table.whitelists.file || !terminal) return passed(rule);
  return access.tty ? denied(rule) : passed(rule, true);
}

/**
 * ownerOnly: everybody else is denied, an owner passes, except that writes go on to the other conditions.
 *
 * A file of the *image* (overlayfs) is opened and written a second time by the file system itself, as root, so that an
 * owner who is not root is denied as well; the denial's UID is 0. In a volume owners pass. No event tells which it is
 * (seen with a real KubeArmor, on paths and directories; reference/kubearmor.md §0 knows the directory).
 */
function judgeOwner(hook: FileHook, entry: TableEntry, access: FileAccess): Verdict | undefined {
  const { fileRule: rule } = entry;
  if (access.owner === undefined) return denied(rule, 'owner');
  if (!access.owner) return denied(rule);
  if (hook !== 'change' && access.uid !== 0) return denied(rule, 'image-file');
  return hook === 'write' ? undefined : passed(rule);
}

/** With the acting program unknown, some source's rule may be the one that applies. */
function unknownSource(table: RuleTable, hook: FileHook, access: FileAccess, path: string, verdict: Verdict): Verdict {
  return findForEverySource(table, path, 'file').reduce(
    (known, entry) => strictest(known, decide(table, hook, entry, access), 'source'),
    verdict,
  );
}
