import type { Hub } from './open-hub.ts';
import { requireCss } from './open-hub.ts';
import { identity } from './resources.ts';
import { runInOrder, type Task } from './schedule.ts';
import type { Removable, Step } from './step.ts';
import { notOurs, writeKey, writeListed, writeServicePolicy } from './write-exchange.ts';
import { removeObject, writeObject } from './write-object.ts';

export interface ApplyOptions {
  readonly keyIds: ReadonlySet<string>;
  readonly signal?: AbortSignal;
  /** Told after each step that was carried out. */
  readonly onDone?: (step: Step) => void;
}

/**
 * Carries out a plan: in the order of needs, independent steps at once. Every step may be repeated: after a failure the
 * next publish plans anew from what the hub holds, and completes.
 *
 * @throws ArmorErrors with every failure
 */
export async function applySteps(steps: readonly Step[], hub: Hub, options: ApplyOptions): Promise<void> {
  const { signal, onDone = () => {} } = options;
  const writing = steps.filter(({ action }) => action !== 'unchanged');
  const byId = new Map(writing.map((step) => [identity(step.resource), step]));
  const tasks = writing.map(
    (step): Task<true> => ({
      id: identity(step.resource),
      needs: step.resource.needs,
      run: async () => {
        await carryOut(step, hub, options);
        return true;
      },
    }),
  );
  await runInOrder(tasks, {
    ...(signal === undefined ? {} : { signal }),
    onDone: (id) => {
      const step = byId.get(id);
      if (step !== undefined) onDone(step);
    },
  });
}

async function carryOut(step: Step, hub: Hub, { keyIds }: ApplyOptions): Promise<void> {
  const { exchange } = hub;
  switch (step.action) {
    case 'unchanged':
      return;
    case 'delete':
      return remove(step.resource, hub);
    case 'withdraw':
      return writeObject(step.resource, { css: requireCss(hub), keyIds, recreate: false });
    case 'create':
    case 'update': {
      const { resource } = step;
      const recreate = step.action === 'update' && step.recreate === true;
      switch (resource.kind) {
        case 'security-policy':
          return writeObject(resource, { css: requireCss(hub), keyIds, recreate });
        case 'service-key':
        case 'pattern-key':
          return writeKey(exchange, resource);
        case 'service-policy':
          return writeServicePolicy(exchange, resource);
        case 'service':
          return writeListed(exchange, resource, step.action === 'update');
        case 'pattern':
        case 'deployment-policy':
          return writeListed(exchange, { ...resource, kind: resource.kind }, step.action === 'update');
        default:
          return resource satisfies never;
      }
    }
    default:
      return step satisfies never;
  }
}

async function remove({ kind, id, file }: Removable, hub: Hub): Promise<void> {
  if (kind === 'security-policy') return removeObject(requireCss(hub), id, file);
  const outcome = await hub.exchange.remove(kind, id, file);
  // Missing is what was wanted: an earlier attempt, or another publisher, has removed it.
  if (outcome === 'refused') throw await notOurs(hub.exchange, { kind, id, file });
}
