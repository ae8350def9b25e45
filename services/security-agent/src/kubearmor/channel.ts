import { Client, type ClientReadableStream, type ServiceError, status } from '@grpc/grpc-js';
import { ArmorError } from '#errors';
import { credentialsFor, SERVER_NAME, type TlsSettings } from './credentials.ts';
import type { Procedure } from './wire.ts';

/** One connection to KubeArmor. It is used until it breaks and then thrown away: nothing in it reconnects. */
export interface Channel {
  /**
   * @throws ArmorError KUBEARMOR_UNAVAILABLE when nobody answers, or not in time, or the channel is closed
   */
  call(procedure: Procedure, request: object, deadlineMs: number): Promise<object>;
  /** Ends by `end`, or by `error` and `close`; the caller listens to both. */
  open(procedure: Procedure, request: object): ClientReadableStream<object>;
  /** Ends whatever is under way. */
  close(): void;
}

const OPTIONS = {
  // No client keepalive: KubeArmor answers pings more often than every 5 minutes with GOAWAY (reference/kubearmor.md §1.7).
  'grpc.enable_retries': 0,
  // Reconnecting and its gaps are ours to account for.
  'grpc.use_local_subchannel_pool': 1,
  'grpc.service_config_disable_resolution': 1,
  // A proxy for the internet, set for every container of a node, is none for the container beside us.
  'grpc.enable_http_proxy': 0,
  // getProbeData carries every policy of every endpoint.
  'grpc.max_receive_message_length': 64 << 20,
} as const;

/**
 * A channel to `address` (`host:port`). The connection is made by the first call, which fails at once when there is
 * nobody to connect to.
 */
export function openChannel(address: string, tls: TlsSettings | undefined): Channel {
  const host = address.slice(0, address.lastIndexOf(':')).replace(/^\[|\]$/g, '');
  // An address is no server name: TLS would refuse to ask for one.
  const name = tls === undefined ? {} : { 'grpc.ssl_target_name_override': SERVER_NAME };
  const client = new Client(address, credentialsFor(tls, host), { ...OPTIONS, ...name });
  const pending = new Set<{ cancel(): void }>();
  return {
    call(procedure, request, deadline) {
      return new Promise((resolve, reject) => {
        const call = client.makeUnaryRequest(
          procedure.path,
          procedure.requestSerialize,
          procedure.responseDeserialize,
          request,
          { deadline: Date.now() + deadline },
          (error, answer) => {
            pending.delete(call);
            if (answer === undefined) reject(unavailable(`${address}${procedure.path}`, error));
            else resolve(answer);
          },
        );
        pending.add(call);
      });
    },
    open(procedure, request) {
      const { path, requestSerialize, responseDeserialize } = procedure;
      const stream = client.makeServerStreamRequest(path, requestSerialize, responseDeserialize, request);
      pending.add(stream);
      stream.once('close', () => pending.delete(stream));
      return stream;
    },
    close() {
      for (const call of pending) call.cancel();
      client.close();
    },
  };
}

/** Whether KubeArmor runs but does not offer a service (StateAgent switched off, say; §2.6). */
export function isUnimplemented(error: unknown): boolean {
  const cause = error instanceof ArmorError ? error.cause : error;
  return isServiceError(cause) && cause.code === status.UNIMPLEMENTED;
}

/** Why a stream or call ended, in a few words. */
export function reasonOf(error: unknown): string {
  if (isServiceError(error)) return `${status[error.code]}: ${withoutMoments(error.details)}`;
  return error instanceof Error ? error.message : String(error);
}

/** The library tells when each attempt failed and how long it took, by which the same reason would look like many. */
function withoutMoments(details: string): string {
  return details
    .replace(/ \(\d{4}-\d\d-\d\dT[\d:.]+Z\)/g, '')
    .replace(/^Deadline exceeded after .*$/, 'Deadline exceeded')
    .replace(/\.? Resolution note: $/, '');
}

function isServiceError(error: unknown): error is ServiceError {
  return error instanceof Error && 'code' in error && typeof error.code === 'number' && 'details' in error;
}

/** An error for a call that KubeArmor did not answer. */
export function unavailable(request: string, cause: unknown): ArmorError {
  return new ArmorError(
    'KUBEARMOR_UNAVAILABLE',
    `KubeArmor does not answer (${reasonOf(cause)})`,
    { request },
    'Check that KubeArmor runs, serves gRPC there, and speaks TLS if and only if you configured it.',
    { cause },
  );
}
