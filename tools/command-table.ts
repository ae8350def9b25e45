import type { CommandModule } from './command.ts';

/** A line of `hzn-armor --help`, and how to load the rest. */
export interface CommandEntry {
  readonly name: string;
  readonly group: 'bundle' | 'hub' | 'policies' | 'node';
  readonly summary: string;
  readonly load: () => Promise<CommandModule>;
}

export const commands: readonly CommandEntry[] = [
  {
    name: 'keys',
    group: 'bundle',
    summary: 'Create or show the signing key.',
    load: () => import('./commands/keys.ts'),
  },
  {
    name: 'images',
    group: 'bundle',
    summary: 'Lock image tags to digests.',
    load: () => import('./commands/images.ts'),
  },
  {
    name: 'build',
    group: 'bundle',
    summary: 'Validate, render and sign the bundle into dist/.',
    load: () => import('./commands/build.ts'),
  },
  {
    name: 'verify',
    group: 'bundle',
    summary: 'Re-check every digest and signature of a dist or archive.',
    load: () => import('./commands/verify.ts'),
  },
  {
    name: 'check',
    group: 'bundle',
    summary: 'Say for each deployment and node policy whether an agreement will form.',
    load: () => import('./commands/check.ts'),
  },
  { name: 'plan', group: 'hub', summary: 'Show what publish would write.', load: () => import('./commands/plan.ts') },
  {
    name: 'publish',
    group: 'hub',
    summary: 'Bring the hub to what the bundle says.',
    load: () => import('./commands/publish.ts'),
  },
  {
    name: 'unpublish',
    group: 'hub',
    summary: 'Withdraw the policies and remove the bundle from the hub.',
    load: () => import('./commands/unpublish.ts'),
  },
  {
    name: 'doctor',
    group: 'hub',
    summary: 'Check hub, credentials, rights, clock, key and images.',
    load: () => import('./commands/doctor.ts'),
  },
  {
    name: 'lint',
    group: 'policies',
    summary: 'Find what KubeArmor and Open Horizon take in silence.',
    load: () => import('./commands/lint.ts'),
  },
  {
    name: 'explain',
    group: 'policies',
    summary: 'Say in plain words who may do what under a policy.',
    load: () => import('./commands/explain.ts'),
  },
  {
    name: 'template',
    group: 'policies',
    summary: 'List, show and test the hardening catalogue.',
    load: () => import('./commands/template.ts'),
  },
  {
    name: 'effective',
    group: 'policies',
    summary: 'Show per workload what holds, and from which layer.',
    load: () => import('./commands/effective.ts'),
  },
  {
    name: 'policy',
    group: 'policies',
    summary: 'Live policies: list, show, add, update, delete, status, history, try.',
    load: () => import('./commands/policy.ts'),
  },
  {
    name: 'node',
    group: 'node',
    summary: 'Ask the security agent of this node: status, workloads, policies, events.',
    load: () => import('./commands/node.ts'),
  },
  {
    name: 'fleet',
    group: 'node',
    summary: 'Read what every node says of its own protection.',
    load: () => import('./commands/fleet.ts'),
  },
];
