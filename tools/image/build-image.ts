import { readFile } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import Docker from 'dockerode';
import { ArmorError } from '#errors';
import { bundleAgent } from './bundle.ts';
import { contextArchive } from './context-archive.ts';

const DOCKERFILE = fileURLToPath(import.meta.resolve('../../services/security-agent/Dockerfile'));

export interface ImageOptions {
  /** `repository:tag`. */
  readonly tag: string;
  readonly push: boolean;
  /** Registry credentials for the push, as Docker's API takes them. */
  readonly auth?: Docker.AuthConfig;
  /** One line of Docker's progress. */
  readonly onProgress?: (line: string) => void;
}

export interface BuiltImage {
  readonly tag: string;
  readonly id: string;
  readonly bundleBytes: number;
  readonly pushed: boolean;
}

/**
 * Builds the agent's image for amd64 through the Docker engine, and pushes it when asked to.
 *
 * @throws ArmorError DOCKER_UNAVAILABLE when there is no engine, or it cannot build (no base image, say)
 */
export async function buildImage(options: ImageOptions, docker = new Docker()): Promise<BuiltImage> {
  await docker.ping().catch((cause: unknown) => {
    throw unavailable('no Docker engine answers', 'Start Docker, or set DOCKER_HOST.', cause);
  });
  const { code, bytes } = await bundleAgent();
  const context = contextArchive({ Dockerfile: await readFile(DOCKERFILE, 'utf8'), 'agent.mjs': code });
  const build = await docker.buildImage(Readable.from([context]), {
    t: options.tag,
    platform: 'linux/amd64',
  });
  await follow(docker, build, options.onProgress, 'The base image node:26-alpine must be within reach of the engine.');
  const image = docker.getImage(options.tag);
  if (options.push) {
    const push = await image.push({}, undefined, options.auth);
    await follow(docker, push, options.onProgress, 'Give IMAGE_USER and IMAGE_TOKEN for the registry of the tag.');
  }
  const { Id } = await image.inspect();
  return { tag: options.tag, id: Id, bundleBytes: bytes, pushed: options.push };
}

interface Progress {
  readonly stream?: string;
  readonly status?: string;
  readonly error?: string;
}

function follow(
  docker: Docker,
  stream: NodeJS.ReadableStream,
  onProgress: ImageOptions['onProgress'],
  fix: string,
): Promise<void> {
  return new Promise((resolve, reject) => {
    docker.modem.followProgress(
      stream,
      (error: Error | null, lines: readonly Progress[] | null) => {
        const failed = error?.message ?? lines?.find((line) => line.error !== undefined)?.error;
        if (failed === undefined) resolve();
        else reject(unavailable(failed.trim(), fix, error));
      },
      ({ stream: text, status }: Progress) => {
        const line = (text ?? status ?? '').trim();
        if (line !== '') onProgress?.(line);
      },
    );
  });
}

function unavailable(message: string, fix: string, cause: unknown): ArmorError {
  return new ArmorError('DOCKER_UNAVAILABLE', message, { request: 'Docker engine' }, fix, { cause });
}
