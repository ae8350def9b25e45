import type { PostureAction } from './decision.ts';
import { findForEverySource, findProgram } from './find-entry.ts';
import { kernelPath } from './rule-key.ts';
import { ARGUMENTS, DENY, OWNER, TTY } from './rule-mask.ts';
import { argumentsKey, type RuleTable, type TableEntry } from './rule-table.ts';
import { denied, PASS, passed, strictest, unlisted, type Verdict } from './verdict.ts';

/** An exec as the hook bprm_check_security sees it. Absent: the event does not tell. */
export interface ProgramStart {
  readonly path: string;
  /** Executable of the parent; empty when unknown. */
  readonly source: string;
  readonly args?: readonly string[];
  /** Whether the caller owns the program's file. */
  readonly owner?: boolean;
  readonly tty: boolean;
}

const MAX_ARGUMENTS = 20;
/** The kernel reads 103 bytes of an argument and a terminating zero (BPF/arg_matching_helpers.h). */
const ARGUMENT_BYTES = 103;

/** enforcer.bpf.c, enforce_proc. */
export function judgeProgram(table: RuleTable, start: ProgramStart, posture: PostureAction): Verdict {
  // Without a path in the file system (memfd) the hook leaves at once.
  if (!start.path.startsWith('/') || start.path === '/') return PASS;
  const path = kernelPath(start.path);
  const entry = findProgram(table, path, kernelPath(start.source));
  const verdict = entry === undefined ? unlisted(table.whitelists.process, posture) : decide(table, entry, path, start);
  if (start.source !== '' || table.bySource.size === 0) return verdict;
  return unknownSource(table, path, start, verdict);
}

function decide(table: RuleTable, entry: TableEntry, path: string, start: ProgramStart): Verdict {
  const { process: mask, processRule: rule } = entry;
  if (mask & ARGUMENTS) {
    const allowed = argumentsAllowed(table, path, start, rule?.kind === 'path' && rule.sources !== undefined);
    if (allowed === true) return passed(rule);
    if (allowed === undefined) return denied(rule, 'arguments');
  }
  const terminal = (mask & TTY) !== 0 && start.tty;
  if (mask & OWNER) {
    if (start.owner === undefined) return denied(rule, 'owner');
    if (!start.owner) return denied(rule);
    // An owner passes whatever the terminal says; only arguments that are not allowed still count.
    return mask & ARGUMENTS ? denied(rule) : passed(rule);
  }
  if (terminal || (mask & DENY && !(mask & TTY))) return denied(rule);
  return passed(rule);
}

/**
 * Whether all arguments are in the rule's list; undefined where it cannot be told. The program's own name (argument 0)
 * need not be, but counts when it is alone. With fromSource the kernel looks under a key that depends on what it
 * looked up before (enforcer: stale `pk`), so nobody can tell. A rule by execname never finds its list: it is stored
 * under the name, and looked up under the path.
 */
function argumentsAllowed(
  table: RuleTable,
  path: string,
  { args }: ProgramStart,
  fromSource: boolean,
): boolean | undefined {
  if (args === undefined || fromSource) return undefined;
  const allowed = table.allowedArgs.get(argumentsKey(path, ''));
  if (allowed === undefined || args.length + 1 > MAX_ARGUMENTS) return false;
  if (args.length === 0) return allowed.has(path) || allowed.has(path.slice(path.lastIndexOf('/') + 1));
  if (args.every((arg) => allowed.has(kernelArgument(arg)))) return true;
  // The event has the arguments in one string: a blank may be inside of one.
  return [...allowed].some((arg) => arg.includes(' ')) ? undefined : false;
}

function kernelArgument(arg: string): string {
  return arg.length * 3 <= ARGUMENT_BYTES ? arg : Buffer.from(arg).subarray(0, ARGUMENT_BYTES).toString();
}

/** With the parent unknown, some source's rule may be the one that applies. */
function unknownSource(table: RuleTable, path: string, start: ProgramStart, verdict: Verdict): Verdict {
  return findForEverySource(table, path, 'process').reduce(
    (known, entry) => strictest(known, decide(table, entry, path, start), 'source'),
    verdict,
  );
}
