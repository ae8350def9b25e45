/** What all simulators share: how they are started, slowed down, broken and watched. */

/** Start state of a hub; the shape is that of the recorded hub's own (orgs, users, nodes, one password). */
export interface HubState {
  readonly password: string;
  readonly orgs: readonly string[];
  readonly users: readonly {
    readonly id: string;
    readonly root?: boolean;
    readonly hubAdmin?: boolean;
    readonly admin?: boolean;
    readonly email?: string;
  }[];
  readonly nodes: readonly {
    readonly id: string;
    readonly token: string;
    readonly nodeType?: string;
    readonly arch?: string;
  }[];
  readonly agbots?: readonly { readonly id: string; readonly token: string }[];
}

/** One request as a simulator saw it: tests count them; Authorization is never kept. */
export interface SeenRequest {
  readonly method: string;
  readonly path: string;
  readonly status: number;
  readonly bytesIn: number;
  readonly bytesOut: number;
  /** Requests being served when this one arrived, itself included. */
  readonly inFlight: number;
}

/**
 * What becomes of a request: served; connection cut before the hub acts, or after it acted and before it answers;
 * or answered with something else entirely (a proxy's HTML page, a 503).
 */
export type Fate =
  | { readonly kind: 'serve'; readonly delayMs?: number }
  | { readonly kind: 'cut-before' }
  | { readonly kind: 'cut-after' }
  | {
      readonly kind: 'answer';
      readonly status: number;
      readonly headers?: Readonly<Record<string, string>>;
      readonly body: string;
    };

export interface HttpBehaviour {
  /** Port on 127.0.0.1; 0 or absent: any free one. */
  readonly port?: number;
  /** Added to every answer. */
  readonly latencyMs?: number;
  /** Asked for every request, in order of arrival from 0. */
  readonly fate?: (request: { readonly index: number; readonly method: string; readonly path: string }) => Fate;
  /** Served over TLS with this key and certificate (PEM). */
  readonly tls?: { readonly key: string; readonly cert: string };
}

/** A running simulator. */
export interface Running {
  /** Base URL as clients take it (the Exchange's ends in /v1). */
  readonly url: string;
  readonly seen: readonly SeenRequest[];
  close(): Promise<void>;
}
