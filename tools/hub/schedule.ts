import { ArmorError, ArmorErrors } from '#errors';

/** A piece of work with a name, and the names of those that have to be done before. */
export interface Task<T> {
  readonly id: string;
  /** Names that are not among the tasks count as done. */
  readonly needs: readonly string[];
  readonly run: () => Promise<T>;
}

export interface ScheduleOptions {
  readonly signal?: AbortSignal;
  /** Told after each task that was done. */
  readonly onDone?: (id: string) => void;
}

/**
 * Runs tasks as soon as what they need is done, all independent ones at once (whoever carries them out bounds how many
 * requests that is). A task that fails takes those with it that need it; the others are still done, so that one run shows
 * every fault. Only when the hub cannot be reached nothing further is started.
 *
 * @throws ArmorErrors with every failure, after all that was started has ended
 */
export async function runInOrder<T>(tasks: readonly Task<T>[], options: ScheduleOptions = {}): Promise<T[]> {
  const { signal, onDone = () => {} } = options;
  const byId = new Map(tasks.map((task) => [task.id, task]));
  const started = new Map<string, Promise<T | undefined>>();
  const failures: unknown[] = [];
  let stopped = false;

  const attempt = async (task: Task<T>, path: ReadonlySet<string>): Promise<T | undefined> => {
    const within = new Set([...path, task.id]);
    const needed = await Promise.all(
      task.needs.flatMap((id) => {
        const need = byId.get(id);
        // A cycle cannot be satisfied: whichever is met first goes first, and the hub judges.
        return need === undefined || within.has(id) ? [] : [start(need, within)];
      }),
    );
    if (stopped || needed.some((result) => result === undefined)) return undefined;
    try {
      signal?.throwIfAborted();
      const result = await task.run();
      onDone(task.id);
      return result;
    } catch (error) {
      failures.push(error);
      stopped ||= endsEverything(error);
      return undefined;
    }
  };
  const start = (task: Task<T>, path: ReadonlySet<string>): Promise<T | undefined> => {
    const running = started.get(task.id) ?? attempt(task, path);
    started.set(task.id, running);
    return running;
  };

  const results = await Promise.all(tasks.map((task) => start(task, new Set())));
  if (failures.length > 0) throw asOne(failures);
  return results.filter((result) => result !== undefined);
}

function endsEverything(error: unknown): boolean {
  return !(error instanceof ArmorError) || error.code === 'HUB_UNREACHABLE' || error.code === 'HUB_UNTRUSTED';
}

/** What is no ArmorError is a fault of ours, or an interruption: it goes on as it is. */
function asOne(failures: readonly unknown[]): unknown {
  const other = failures.find((failure) => !(failure instanceof ArmorError));
  if (other !== undefined) return other;
  const errors = failures.filter((failure) => failure instanceof ArmorError);
  const distinct = [...new Map(errors.map((error) => [String(error), error])).values()];
  const [first, ...rest] = distinct;
  return first === undefined || rest.length === 0 ? first : new ArmorErrors([first, ...rest]);
}
