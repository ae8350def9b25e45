import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ExecutionContext } from 'ava';
import type { EssAddress } from '#agent/sources/ess-client.ts';
import { type Ess, startEss } from '#demo/simulators/ess/start-ess.ts';
import { type Hub, startHub } from '#demo/simulators/hub/start-hub.ts';
import { POLICY_OBJECT_TYPE } from '#policy/payload.ts';

/** A hub and the ESS of one of its nodes, with the credentials of one agreement. */
export interface EssNode {
  readonly hub: Hub;
  readonly ess: Ess;
  readonly address: EssAddress;
  readonly dir: string;
  /** Puts an object for this node into the CSS and lets the node fetch it. @returns the CSS's status */
  publish(objectId: string, data: string, options?: { sync?: boolean }): Promise<number>;
  /** Deletes an object at the CSS and lets the node see it. */
  remove(objectId: string): Promise<void>;
}

const AGREEMENT = 'a'.repeat(64);

export async function startEssNode(t: Pick<ExecutionContext, 'teardown'>): Promise<EssNode> {
  const hub = await startHub({
    state: {
      password: 'pw',
      orgs: ['root', 'acme'],
      users: [
        { id: 'root/root', root: true },
        { id: 'acme/admin', admin: true },
      ],
      nodes: [{ id: 'acme/node1', token: 'token', nodeType: 'device', arch: 'amd64' }],
      agbots: [{ id: 'acme/agbot', token: 'token' }],
    },
  });
  const dir = await mkdtemp(join(tmpdir(), 'armor-'));
  const ess = await startEss({ cssUrl: hub.css.url, org: 'acme', id: 'node1', token: 'token', dir, retryMs: 20 });
  t.teardown(async () => {
    await ess.close();
    await hub.close();
    await rm(dir, { recursive: true, force: true });
  });
  await ess.credentials.create(AGREEMENT, 'acme/kubearmor', '1.0.0');
  const authorization = `Basic ${Buffer.from('acme/admin:pw').toString('base64')}`;
  const url = (objectId: string) => `${hub.css.url}/api/v1/objects/acme/${POLICY_OBJECT_TYPE}/${objectId}`;
  return {
    hub,
    ess,
    dir,
    address: {
      socketPath: ess.socketPath,
      authFile: join(ess.credentials.folderOf(AGREEMENT), 'auth.json'),
      certFile: join(ess.certFolder, 'cert.pem'),
    },
    async publish(objectId, data, { sync = true } = {}) {
      const meta = {
        objectID: objectId,
        objectType: POLICY_OBJECT_TYPE,
        destinationOrgID: 'acme',
        destinationType: 'openhorizon.edgenode',
        destinationID: 'node1',
        consumers: -1,
      };
      const body = JSON.stringify({ meta, data: Buffer.from(data).toString('base64') });
      const headers = { authorization, 'content-type': 'application/json' };
      const { status } = await fetch(url(objectId), { method: 'PUT', headers, body });
      await hub.css.settled();
      if (sync) await ess.sync();
      return status;
    },
    async remove(objectId) {
      await fetch(url(objectId), { method: 'DELETE', headers: { authorization } });
      await hub.css.settled();
      await ess.sync();
    },
  };
}

/** Renews the credentials of the agreement, as a new agreement does under a running container. */
export async function renewCredentials({ ess }: EssNode): Promise<void> {
  await ess.credentials.create(AGREEMENT, 'acme/kubearmor', '1.0.0');
}
