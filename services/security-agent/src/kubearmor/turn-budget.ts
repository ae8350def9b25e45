/** Whether the present turn of the event loop has been busy for long enough. */
export interface TurnBudget {
  spent(): boolean;
}

/**
 * A budget of working time per turn of the event loop, shared by everything that reads from KubeArmor. Its server gives
 * a client up that does not answer a ping within 5 s (reference/kubearmor.md §1.7), and the agent has more to do than to
 * read: whoever finds the budget spent stops until the next turn.
 *
 * @param limitMs how long one turn may work
 */
export function turnBudget(limitMs: number): TurnBudget {
  let turnEnds = Number.POSITIVE_INFINITY;
  let counting = false;
  return {
    spent() {
      const now = performance.now();
      if (!counting) {
        counting = true;
        turnEnds = now + limitMs;
        setImmediate(() => {
          counting = false;
        });
      }
      return now >= turnEnds;
    },
  };
}
