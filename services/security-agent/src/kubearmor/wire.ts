import { fromJSON, type MethodDefinition } from '@grpc/proto-loader';
import descriptor from './protos/descriptor.json' with { type: 'json' };

/** One remote procedure: its path, and how its messages become bytes and back. */
export type Procedure = MethodDefinition<object, object>;

// int64 as text: it does not fit a number (reference/kubearmor.md §2.2).
const definitions = fromJSON(descriptor, {
  keepCase: true,
  longs: String,
  enums: String,
  defaults: true,
});

/** Every procedure of KubeArmor that the agent calls (reference/kubearmor.md §2). */
export const procedures = {
  healthCheck: procedure('feeder.LogService', 'HealthCheck'),
  watchAlerts: procedure('feeder.LogService', 'WatchAlerts'),
  watchLogs: procedure('feeder.LogService', 'WatchLogs'),
  containerPolicy: procedure('policy.PolicyService', 'containerPolicy'),
  hostPolicy: procedure('policy.PolicyService', 'hostPolicy'),
  getProbeData: procedure('policy.ProbeService', 'getProbeData'),
  getState: procedure('state_agent.StateAgent', 'GetState'),
  watchState: procedure('state_agent.StateAgent', 'WatchState'),
} as const;

function procedure(service: string, method: string): Procedure {
  const definition = definitions[service];
  if (definition === undefined || 'format' in definition) throw new TypeError(`no service ${service}`);
  const found = definition[method];
  if (found === undefined) throw new TypeError(`no method ${method} in ${service}`);
  return found;
}
