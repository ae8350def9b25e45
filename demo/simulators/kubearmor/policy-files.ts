import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { marshal } from './go-json.ts';
import type { StoredHostPolicy, StoredPolicy } from './policy-shape.ts';

/** A policy as a file tells it: a container's has a namespace, everything else is the host's (reference §3.6). */
export type SavedPolicy =
  | { readonly kind: 'container'; readonly name: string; readonly spec: unknown }
  | { readonly kind: 'host'; readonly name: string; readonly spec: unknown };

/**
 * The folder in which KubeArmor keeps its policies, one flat file each, container and host policies alike: the same name
 * overwrites. Without a folder nothing is kept.
 */
export class PolicyFiles {
  readonly #directory: string | undefined;

  constructor(directory: string | undefined) {
    this.#directory = directory;
  }

  save({ metadata, spec }: StoredPolicy | StoredHostPolicy): void {
    if (this.#directory === undefined) return;
    const kind = 'namespaceName' in metadata ? 'KubeArmorPolicy' : 'KubeArmorHostPolicy';
    mkdirSync(this.#directory, { recursive: true, mode: 0o700 });
    writeFileSync(this.#pathOf(metadata.policyName), marshal({ kind, metadata, spec }));
  }

  remove(name: string): void {
    if (this.#directory !== undefined) rmSync(this.#pathOf(name), { force: true });
  }

  /** In the order of their names; what cannot be read is skipped. */
  load(): SavedPolicy[] {
    if (this.#directory === undefined) return [];
    mkdirSync(this.#directory, { recursive: true, mode: 0o700 });
    return readdirSync(this.#directory)
      .sort()
      .flatMap((name) => parse(readFileSync(join(this.#directory ?? '', name), 'utf8')));
  }

  /** The real daemon joins the texts, so that a name with `../` leaves the folder; a simulator must not. */
  #pathOf(name: string): string {
    return join(this.#directory ?? '', `${name.replaceAll('/', '_')}.yaml`);
  }
}

function parse(text: string): SavedPolicy[] {
  try {
    const document: unknown = JSON.parse(text);
    if (typeof document !== 'object' || document === null || !('metadata' in document)) return [];
    const { metadata } = document;
    if (typeof metadata !== 'object' || metadata === null || !('policyName' in metadata)) return [];
    const spec = 'spec' in document ? document.spec : {};
    const name = String(metadata.policyName);
    return [{ kind: 'namespaceName' in metadata ? 'container' : 'host', name, spec }];
  } catch {
    return [];
  }
}
