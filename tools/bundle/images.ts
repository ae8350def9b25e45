import type { ImagesLockFile, ServiceFile } from './source-types.ts';
import type { BundledService, Source, Warning } from './types.ts';

/** An image that a service names, for one architecture. */
export interface UsedImage {
  readonly image: string;
  readonly arch: string;
  readonly service: string;
  readonly container: string;
}

/** Every image of the services that is not already named by its digest, once for each architecture. */
export function usedImages(services: readonly BundledService[]): UsedImage[] {
  return services.flatMap(({ definition: { value } }) =>
    architecturesOf(value).flatMap((arch) =>
      Object.entries(value.deployment.services)
        .filter(([, { image }]) => !image.includes('@'))
        .map(([container, { image }]) => ({ image, arch, service: value.url, container })),
    ),
  );
}

export function architecturesOf({ arch }: ServiceFile): readonly string[] {
  return typeof arch === 'string' ? [arch] : arch;
}

/** The deployment of one architecture, tags replaced by locked digests; an unlocked image stays as it is. */
export function withDigests(
  deployment: ServiceFile['deployment'],
  arch: string,
  { images }: ImagesLockFile,
): ServiceFile['deployment'] {
  const services = Object.entries(deployment.services).map(([name, container]) => {
    const digest = images[container.image]?.[arch];
    return [name, digest === undefined ? container : { ...container, image: `${nameOf(container.image)}@${digest}` }];
  });
  return { ...deployment, services: Object.fromEntries(services) };
}

/** One warning for each image that the lock does not know: a tag can be moved after the deployment was signed. */
export function unlockedImages(services: readonly BundledService[], lock: Source<ImagesLockFile>): Warning[] {
  return services.flatMap(({ definition }) =>
    Object.entries(definition.value.deployment.services).flatMap(([container, { image }]) => {
      if (image.includes('@')) return [];
      const missing = architecturesOf(definition.value).filter(
        (arch) => lock.value.images[image]?.[arch] === undefined,
      );
      if (missing.length === 0) return [];
      const position = definition.locate(['deployment', 'services', container, 'image']);
      const message = `${image} is not locked for ${missing.join(', ')}: whoever moves the tag changes what nodes run`;
      return [{ file: definition.file, ...position, message, fix: 'Run hzn-armor images lock.' }];
    }),
  );
}

/** The image without its tag; a port in the registry's name is no tag. */
export function nameOf(image: string): string {
  return image.replace(/:[^:/]+$/, '');
}
