/** The most work that one turn of this thread's loop took; what other processes take from it is not its fault.
 * @returns what ends the watch, and gives milliseconds */
export function watchTurns(): () => number {
  let watching = true;
  let worst = 0;
  let before = process.threadCpuUsage();
  const turn = (): void => {
    const used = process.threadCpuUsage(before);
    worst = Math.max(worst, (used.user + used.system) / 1000);
    before = process.threadCpuUsage();
    if (watching) setImmediate(turn);
  };
  setImmediate(turn);
  return () => {
    watching = false;
    return worst;
  };
}
