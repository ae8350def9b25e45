/**
 * What the agent learns about containers, from two witnesses that see different things: Docker's events (through the
 * proxy) say when a process started, KubeArmor's StateAgent says which containers it believes it protects. Times are
 * milliseconds since the epoch, as the witness states them, not as they arrived.
 */

/** Docker's own words; the ones that matter for protection (reference/kubearmor.md §3.4). */
export type DockerAction = 'create' | 'start' | 'die' | 'stop' | 'kill' | 'destroy' | 'rename';

export interface ContainerFacts {
  /** 64 hex digits. */
  readonly id: string;
  readonly name: string;
  readonly image: string;
  readonly labels: Readonly<Record<string, string>>;
}

/** A container as KubeArmor's StateAgent describes it (captures: getstate-final.ndjson). */
export interface KnownContainer extends ContainerFacts {
  /** Namespace numbers KubeArmor enforces on; 0 means it could not read them and enforces nothing (§1.4). */
  readonly pidNamespace: number;
  readonly mountNamespace: number;
  /**
   * When the run began that KubeArmor registered: `last_updated_at` is Docker's State.StartedAt as KubeArmor read it
   * (dockerHandler.go:196). It tells a registration of this run from one that a crash has made void. 0 when unreadable.
   */
  readonly runStartedAtMs: number;
  /** When we heard of the registration: an upper bound of when it was made. */
  readonly registeredAtMs: number;
}

/** A container in Docker's listing, which tells start times only as "Up 5 minutes": exact to `startGrainMs`. */
export interface ListedContainer extends ContainerFacts {
  readonly running: boolean;
  readonly startedAtMs?: number;
  readonly startGrainMs: number;
}

export type Observation =
  | {
      readonly kind: 'docker-event';
      readonly action: DockerAction;
      readonly container: ContainerFacts;
      readonly exitCode?: number;
      readonly atMs: number;
    }
  | {
      /** A full listing: whatever is not in it is gone. */
      readonly kind: 'docker-listing';
      readonly containers: readonly ListedContainer[];
      readonly atMs: number;
    }
  | { readonly kind: 'docker-lost'; readonly atMs: number }
  | { readonly kind: 'state-added' | 'state-removed'; readonly container: KnownContainer; readonly atMs: number }
  | { readonly kind: 'state-waiting'; readonly container: KnownContainer; readonly atMs: number }
  | {
      /** GetState after a (re)connection. `session` changes when KubeArmor itself was restarted. */
      readonly kind: 'state-snapshot';
      readonly session: string;
      /** false: KubeArmor runs without it, and `containers` says nothing. */
      readonly stateAgent?: boolean;
      readonly containers: readonly KnownContainer[];
      readonly atMs: number;
    }
  | { readonly kind: 'kubearmor-lost'; readonly atMs: number };
