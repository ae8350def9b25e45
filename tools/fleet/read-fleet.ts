import { STATUS_OBJECT_TYPE } from '#policy/payload.ts';
import { type Hub, requireCss } from '#tools/hub/open-hub.ts';
import { type FleetStatus, fleetStatus, type StatusObject } from './fleet-status.ts';
import type { KnownNodes } from './known-nodes.ts';

/**
 * Reads what every node of the org says of itself. Objects are read side by side, as many at once as the hub's client
 * allows.
 *
 * @throws ArmorError of the hub's clients
 */
export async function readFleet(hub: Hub, known: KnownNodes, nowMs: number): Promise<FleetStatus> {
  const css = requireCss(hub);
  const [listed, registered] = await Promise.all([css.list(STATUS_OBJECT_TYPE), hub.exchange.nodeIds()]);
  const objects = await Promise.all(
    listed
      .filter(({ deleted }) => !deleted)
      .map(
        async ({ objectID, putByNode }): Promise<StatusObject> => ({
          objectId: objectID,
          putByNode: putByNode === undefined ? undefined : `${hub.org}/${putByNode}`,
          data: await css.data(STATUS_OBJECT_TYPE, objectID),
        }),
      ),
  );
  return fleetStatus(objects, registered, known, { org: hub.org, nowMs });
}
