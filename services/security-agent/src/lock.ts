import { unlink } from 'node:fs/promises';
import { createConnection, createServer, type Server } from 'node:net';
import { ArmorError } from '#errors';

/**
 * One agent per data volume: a socket that only a living process answers on. Unlike a pid file it cannot go stale, and
 * unlike a pid it means the same in two containers that share the volume.
 *
 * @returns what releases it
 * @throws ArmorError ALREADY_RUNNING
 */
export async function acquireLock(socketPath: string): Promise<() => Promise<void>> {
  if (await answers(socketPath)) {
    throw new ArmorError(
      'ALREADY_RUNNING',
      'another security agent runs on this data volume',
      { file: socketPath },
      'Two agents would undo each other’s policies: end the other one, or withdraw one of the two deployments.',
    );
  }
  await unlink(socketPath).catch(() => undefined);
  const server = await listen(socketPath);
  return () => new Promise((resolve) => server.close(() => resolve()));
}

function answers(socketPath: string): Promise<boolean> {
  return new Promise((resolve) => {
    const connection = createConnection(socketPath);
    connection.once('connect', () => {
      connection.destroy();
      resolve(true);
    });
    connection.once('error', () => resolve(false));
  });
}

function listen(socketPath: string): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = createServer((connection) => connection.destroy());
    server.once('error', reject);
    server.listen(socketPath, () => resolve(server));
    server.unref();
  });
}
