import { readFile } from 'node:fs/promises';
import test from 'ava';
import { parse } from 'yaml';

interface Definition {
  deployment: { services: Record<string, { privileged?: boolean; binds?: string[]; environment?: string[] }> };
}

const read = async (service: string): Promise<Definition> =>
  parse(await readFile(new URL(`../../../services/${service}/service.yaml`, import.meta.url), 'utf8'));

// Docker's profile docker-default has `deny /sys/kernel/security/** rwklx`: a bind that ends there can be made and not be
// read. Seen with a real agent: the LSM list was refused, and every workload stayed "enforcer-unknown".
for (const service of ['kubearmor', 'security-agent']) {
  test(`${service}: what its unprivileged containers bind is not denied by Docker's AppArmor profile`, async (t) => {
    const { deployment } = await read(service);
    for (const [name, { privileged, binds = [] }] of Object.entries(deployment.services)) {
      if (privileged === true) continue;
      const targets = binds.map((bind) => bind.split(':')[1] ?? '');
      t.deepEqual(
        targets.filter((target) => target.startsWith('/sys/kernel/security')),
        [],
        name,
      );
    }
  });

  test(`${service}: the agent reads the LSM list where it is bound`, async (t) => {
    const agent = (await read(service)).deployment.services['security-agent'];
    t.true(agent?.binds?.includes('/sys/kernel/security:/host/security:ro'));
    t.true(agent?.environment?.includes('ARMOR_LSM_FILE=/host/security/lsm'));
  });
}
