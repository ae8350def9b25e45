import { existsSync } from 'node:fs';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import Docker from 'dockerode';
import { create } from 'tar';

/** A Docker engine on this machine, or undefined: the tests that need one say so and skip. */
export async function realDocker(): Promise<Docker | undefined> {
  const socketPath = '/var/run/docker.sock';
  if (!existsSync(socketPath)) return undefined;
  const docker = new Docker({ socketPath });
  return (await docker.ping().then(
    () => true,
    () => false,
  ))
    ? docker
    : undefined;
}

const BUSYBOX = '/bin/busybox';

/** True where the machine has a static busybox to make an image of; no registry is needed. */
export const hasBusybox = existsSync(BUSYBOX);

/** An image with nothing but a static busybox at /bin/busybox. */
export async function importBusybox(docker: Docker, tag: string): Promise<void> {
  const archive = await buffer(create({ cwd: '/', portable: true, follow: true, prefix: '' }, ['bin/busybox']));
  await importImage(docker, Readable.from([archive]), tag);
}

/** `docker import` of a tar stream. */
export async function importImage(docker: Docker, archive: Readable, tag: string): Promise<void> {
  const [repo = tag, version = 'latest'] = tag.split(':');
  const progress = await docker.importImage(archive, { repo, tag: version });
  await new Promise<void>((resolve, reject) =>
    docker.modem.followProgress(progress, (error) => (error ? reject(error) : resolve())),
  );
}
