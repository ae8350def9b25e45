import { cp, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** What a bundle is made of; the rest of the checkout is the program. */
const SOURCES = [
  'horizon-armor.yaml',
  'images.lock.yaml',
  'patterns',
  'deployment-policies',
  'node-policies',
  'services/homeassistant',
  'services/kubearmor',
  'services/security-agent/service.yaml',
  'services/security-agent/service.policy.yaml',
];

/** A copy of the bundle's sources, so that a demo or a test may edit them. */
export async function copyBundle(to: string): Promise<void> {
  for (const source of SOURCES) {
    await mkdir(join(to, source, '..'), { recursive: true });
    await cp(join(ROOT, source), join(to, source), { recursive: true });
  }
}
