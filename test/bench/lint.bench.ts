import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { lintText } from '#policy/lint/index.ts';
import { $ } from '#test/support/shell.ts';
import type { BenchLine } from './run.ts';

const POLICIES = 500;
const RUNS = 5;

/** Lint of 500 policies, each in a file of its own: a process from start to end, and one that is warm. */
export async function bench(): Promise<BenchLine[]> {
  const cwd = await mkdtemp(path.join(tmpdir(), 'bench-lint-'));
  try {
    const texts = Array.from({ length: POLICIES }, (_, index) => policyText(index));
    for (const [index, text] of texts.entries()) await writeFile(path.join(cwd, `${index}.yaml`), text);
    const cli = new URL('../../tools/cli.ts', import.meta.url).pathname;
    const whole = await median(() => $({ cwd })`${process.execPath} ${cli} lint .`);
    const warm = await median(async () => texts.map((text) => lintText(text, 'policy.yaml')));
    return [
      { name: `${POLICIES} files, as a process`, value: `${whole.toFixed(0)} ms` },
      { name: `${POLICIES} files, warm`, value: `${warm.toFixed(0)} ms` },
    ];
  } finally {
    await rm(cwd, { recursive: true, force: true });
  }
}

/** Milliseconds that it takes in the middle of a few runs. */
async function median(work: () => Promise<unknown>): Promise<number> {
  const taken: number[] = [];
  for (let run = 0; run < RUNS; run += 1) {
    const started = performance.now();
    await work();
    taken.push(performance.now() - started);
  }
  return taken.sort((a, b) => a - b)[Math.floor(RUNS / 2)] ?? 0;
}

/** A policy of the size that people write: some 40 lines, warnings among them. */
function policyText(index: number): string {
  return `# Policy ${index} of the benchmark
apiVersion: security.kubearmor.com/v1
kind: KubeArmorPolicy
metadata:
  name: bench-${index}
  namespace: default
spec:
  tags: [MITRE, NIST]
  message: "Alert! something was changed"
  severity: ${1 + (index % 10)}
  selector:
    matchLabels:
      kubearmor.io/container.name: app-${index}
  process:
    matchPaths:
      - path: /usr/bin/apt
      - path: /usr/bin/dpkg-${index}
        fromSource:
          - path: /usr/bin/bash
    matchDirectories:
      - dir: /opt/tools-${index}/
        recursive: true
        ownerOnly: true
  file:
    matchDirectories:
      - dir: /etc/ssl/ # certificates
        recursive: true
        readOnly: true
      - dir: /var/lib/app-${index}/
        recursive: true
        action: Audit
    matchPatterns:
      - pattern: /etc/*.conf
        readOnly: true
  network:
    matchProtocols:
      - protocol: raw
  capabilities:
    matchCapabilities:
      - capability: net_raw
  action: Block
`;
}
