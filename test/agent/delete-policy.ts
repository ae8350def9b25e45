import { connectKubeArmor } from '#agent/kubearmor/client.ts';
import type { PolicyStatus } from '#agent/reconcile/apply.ts';
import type { SecurityPolicy } from '#policy/types.ts';

/** Deletes a policy in KubeArmor behind the agent's back, as anybody can who reaches its port. */
export async function deletePolicy(address: string, policy: SecurityPolicy): Promise<PolicyStatus> {
  const abort = new AbortController();
  const up = Promise.withResolvers<void>();
  const nothing = (): void => undefined;
  const client = connectKubeArmor({
    address,
    listener: { event: nothing, observation: nothing, gap: nothing, down: nothing, up: () => up.resolve() },
  });
  const running = client.run(abort.signal);
  await up.promise;
  const status = await client.policies.remove(policy);
  abort.abort();
  await running;
  return status;
}
