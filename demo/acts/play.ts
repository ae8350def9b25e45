import type { Finding } from '#agent/events/agent-event.ts';
import type { Machine } from '#demo/simulators/kubearmor/machine.ts';
import type { SimulatedNode } from '#demo/simulators/node/start-node.ts';
import type { Desk, Protection } from '#demo/slice/start-slice.ts';
import type { Stage } from '#demo/stage.ts';
import type { CatalogueEntry } from '#tools/catalogue/load-catalogue.ts';

/** What the acts of the demo share, each adding its part. */
export interface Play {
  readonly stage: Stage;
  readonly desk: Desk;
  /** Container templates that the lab attaches, each to a container of that name. */
  readonly lab: readonly CatalogueEntry[];
}

export interface NodePlay extends Play {
  readonly node: SimulatedNode;
  readonly machine: Machine;
}

export interface ProtectedPlay extends NodePlay {
  readonly protection: Protection;
  readonly findings: readonly Finding[];
}

/** Docker's name of the container that a deployment calls `container`. */
export function dockerName({ node }: NodePlay, container: string): string {
  const found = node.containers.find(({ serviceContainer }) => serviceContainer === container);
  if (found === undefined) throw new Error(`${container} does not run`);
  return found.name;
}
