/** Acts again and again, each time the interval after it has finished; never without an interval. @returns how to stop that */
export function repeat(intervalMs: number | undefined, act: () => Promise<unknown>): () => void {
  let timer: NodeJS.Timeout | undefined;
  let stopped = intervalMs === undefined;
  const schedule = (): void => {
    if (!stopped) timer = setTimeout(() => void act().then(schedule), intervalMs).unref();
  };
  schedule();
  return () => {
    stopped = true;
    clearTimeout(timer);
  };
}
