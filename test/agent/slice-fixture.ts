import type { ExecutionContext } from 'ava';
import type { WorkloadView } from '#agent/api/view.ts';
import type { AgentEvent, Finding } from '#agent/events/agent-event.ts';
import { firstProgram } from '#demo/simulators/kubearmor/docker-exec.ts';
import type { Machine } from '#demo/simulators/kubearmor/machine.ts';
import type { SimulatedNode } from '#demo/simulators/node/start-node.ts';
import { askArmor } from '#demo/slice/run-armor.ts';
import {
  type Desk,
  openDesk,
  type Protection,
  type ProtectionOptions,
  protect,
  registerNode,
} from '#demo/slice/start-slice.ts';
import { waitUntil } from '#demo/wait-until.ts';

/** The real bundle, published and on a node: the workload is Home Assistant with its attached policies. */
export interface Slice {
  readonly desk: Desk;
  readonly node: SimulatedNode;
  readonly machine: Machine;
  readonly protection: Protection;
  readonly events: readonly AgentEvent[];
  findings(): Finding[];
  workload(): WorkloadView | undefined;
  /** Docker's name of the workload's container. */
  readonly name: string;
  /** Whether the simulated kernel refuses what the attached policy blocks: the truth, whatever the agent says. */
  isBlocked(): boolean;
  becomes(protection: WorkloadView['protection'], timeoutMs?: number): Promise<void>;
  /** One round of agbot, node and agent. */
  deliver(): Promise<void>;
}

export const WORKLOAD = 'homeassistant';

/** A desk with the bundle published and a node that has its agreements, but no protection yet. */
export async function publishedNode(
  t: ExecutionContext,
): Promise<{ desk: Desk; node: SimulatedNode; machine: Machine }> {
  const desk = await openDesk();
  t.teardown(() => desk.close());
  await askArmor(desk.place, 'publish', '--yes');
  const { node, machine } = await registerNode(desk);
  t.teardown(() => node.close());
  for (let round = 0; round < 3; round += 1) {
    await desk.hub.agbot.tick();
    await node.tick();
  }
  return { desk, node, machine };
}

export async function startSlice(t: ExecutionContext, options: ProtectionOptions = {}): Promise<Slice> {
  const { desk, node, machine } = await publishedNode(t);
  const events: AgentEvent[] = [];
  let tries = 0;
  const protection = await protect(
    desk,
    { node, machine },
    {
      ...options,
      log: (event) => events.push(event),
      env: { ARMOR_HEAL_SETTLE_SECONDS: '0', ...options.env },
    },
  );
  t.teardown(() => protection.close());
  const name = node.containers.find(({ serviceContainer }) => serviceContainer === WORKLOAD)?.name ?? '';
  const workload = () => protection.agent.view.workloads().find(({ container }) => container === WORKLOAD);
  return {
    desk,
    node,
    machine,
    protection,
    events,
    name,
    findings: () => events.filter((event) => event.kind === 'finding'),
    workload,
    // A new file each time: opening one that is there for writing passes, and only the write is refused.
    isBlocked: () =>
      firstProgram(machine, name).open(`/etc/ssl/certs/evil-${++tries}.pem`, 'O_WRONLY|O_CREAT') !== 'Passed',
    becomes: (wanted, timeoutMs) =>
      waitUntil(`${WORKLOAD} to be ${wanted}`, () => workload()?.protection === wanted, timeoutMs),
    async deliver() {
      await desk.hub.agbot.tick();
      await node.tick();
      await protection.agent.pollNow();
    },
  };
}
