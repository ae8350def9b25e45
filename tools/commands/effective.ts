import { resolve } from 'node:path';
import { Command } from 'commander';
import { ArmorError } from '#errors';
import type { Bundle, Publishable } from '#tools/bundle/types.ts';
import type { CommandContext, ExitStatus } from '#tools/command.ts';
import type { EffectiveLine, EffectiveSubject, PolicyOrigin, SentPayload } from '#tools/effective/effective-report.ts';
import { trustedKeyIds } from '#tools/repeatable-option.ts';
import { table } from '#tools/table.ts';

/** What `effective --json` prints. */
export interface EffectiveResult {
  /** File of the node policy. */
  readonly node: string;
  readonly subjects: readonly EffectiveSubject[];
}

interface Options {
  readonly bundle: string;
  readonly node?: string;
  readonly deployment?: readonly string[];
  readonly live?: boolean;
  readonly trust?: readonly string[];
  readonly json?: boolean;
}

export function define(context: CommandContext, done: (status: ExitStatus) => void): Command {
  return new Command()
    .description(
      'Show per workload which policies hold on a node, from which layer and source each comes, and what clashes.',
    )
    .option('--node <file>', 'node policy (file or name); may be left out where the bundle has one')
    .option('--deployment <file...>', 'deployment policies (files or names); all that form an agreement when left out')
    .option('--live', 'with the live policies that are on the hub')
    .option('--trust <key id>', 'a further key id whose live policies the nodes take; may be repeated', trustedKeyIds)
    .option('--bundle <dir>', 'directory of horizon-armor.yaml', '.')
    .option('--json', 'print the result as one JSON document')
    .action(async (options: Options) => {
      const result = await effective(context, options);
      context.stdout.write(options.json ? `${JSON.stringify(result)}\n` : text(result));
      done(0);
    });
}

/** @throws ArmorError, ArmorErrors: of the bundle, of the hub (--live), USAGE for a source that there is not */
export async function effective(context: CommandContext, options: Options): Promise<EffectiveResult> {
  const { cwd } = context;
  const dir = resolve(cwd, options.bundle);
  const { bundle, publishable } = await load(context, dir);
  const { effectiveReport } = await import('#tools/effective/effective-report.ts');
  const { findSource, workloadsOf } = await import('#tools/effective/workloads.ts');
  const node = nodeOf(bundle, options.node, (given) =>
    findSource(bundle.nodePolicies, given, { cwd, dir, option: '--node' }),
  );
  const asked = options.deployment?.map((given) =>
    findSource(bundle.deploymentPolicies, given, { cwd, dir, option: '--deployment' }),
  );
  const files = (asked ?? bundle.deploymentPolicies).map(({ file }) => file);
  const workloads = workloadsOf(bundle, publishable, files, node).filter(
    ({ agreement }) => asked !== undefined || agreement.forms,
  );
  const deployed = new Set(workloads.map(({ deployment }) => deployment));
  const attached = publishable.objects
    .filter(({ placement, file }) => placement.kind === 'policy' && (file === node || deployed.has(file)))
    .map(({ content, file }): SentPayload => ({ payload: { ...content, seq: 0 }, file }));
  const live = options.live === true ? await livePayloads(context, options.trust ?? []) : [];
  return { node, subjects: effectiveReport([...attached, ...live], workloads) };
}

/** Key ids of a publisher without a key stand for themselves: nothing is signed here. */
const NO_KEY = '0'.repeat(64);

async function load({ env }: CommandContext, dir: string): Promise<{ bundle: Bundle; publishable: Publishable }> {
  const [{ loadBundle }, { render }, { loadSettings }, { loadSigner }] = await Promise.all([
    import('#tools/bundle/load-bundle.ts'),
    import('#tools/bundle/render.ts'),
    import('#tools/load-settings.ts'),
    import('#tools/signing/load-signer.ts'),
  ]);
  const settings = await loadSettings({ env });
  const keyId = await loadSigner(settings).then(
    (signer) => signer.keyId,
    () => NO_KEY,
  );
  const bundle = await loadBundle(dir, settings);
  return { bundle, publishable: render(bundle, keyId) };
}

function nodeOf(bundle: Bundle, given: string | undefined, find: (given: string) => { readonly file: string }): string {
  if (given !== undefined) return find(given).file;
  const [only, second] = bundle.nodePolicies;
  if (only !== undefined && second === undefined) return only.file;
  const names = bundle.nodePolicies.map(({ name }) => name).join(', ');
  throw new ArmorError(
    'USAGE',
    'which node is meant?',
    { request: '--node' },
    `Name one: ${names || 'there is none'}.`,
  );
}

async function livePayloads(context: CommandContext, trust: readonly string[]): Promise<SentPayload[]> {
  const [{ withLiveSession }, { readCarried }] = await Promise.all([
    import('#tools/live/live-session.ts'),
    import('#tools/live/carried.ts'),
  ]);
  const carried = await withLiveSession(context, trust, ({ css, keyIds }) => readCarried(css, keyIds));
  return carried.flatMap(({ layer, trust: of, payload }) =>
    layer === 'live' && of === 'trusted' && payload !== undefined ? [{ payload }] : [],
  );
}

function text({ node, subjects }: EffectiveResult): string {
  return `node policy ${node}\n${subjects.map(subjectText).join('')}`;
}

function subjectText({ workload, policies, dropped, warnings, mapEntries }: EffectiveSubject): string {
  const remarks = [
    ...(workload === 'host' || workload.agreement.forms
      ? []
      : workload.agreement.reasons.map((reason) => `no agreement forms here: ${reason}`)),
    ...dropped.map(({ by, ...origin }) => `${by} drops the node defaults of ${originText(origin)}`),
    ...warnings.map(({ message }) => message),
    ...(mapEntries.used > mapEntries.limit
      ? [`${mapEntries.used} map entries, ${mapEntries.limit} fit: what is over is not enforced`]
      : []),
  ];
  const rows = policies.map(policyRow);
  const holding =
    rows.length === 0 ? '  nothing holds\n' : table(['  POLICY', 'ACTION', 'LAYER', 'FROM', 'INSTEAD OF'], rows);
  const head = workload === 'host' ? 'host' : workloadText(workload);
  return `\n${head}\n${holding}${remarks.map((remark) => `  ! ${remark}\n`).join('')}`;
}

function workloadText({ identity, deployment }: Exclude<EffectiveSubject['workload'], 'host'>): string {
  const { org, service, version = '', container } = identity;
  const of = container === service ? '' : ` container ${container}`;
  return `${org}/${service} ${version}${of} (${deployment})`;
}

function policyRow({ name, action, layer, template, overrides, ...origin }: EffectiveLine): string[] {
  const from = template === undefined || template === name ? '' : ` (template ${template})`;
  return [`  ${name}${from}`, action, layer, placeText(origin), overrides.map(originText).join('; ')];
}

function placeText({ file, payload, seq }: Omit<PolicyOrigin, 'layer'>): string {
  return `${file ?? payload}${seq === undefined ? '' : ` seq ${seq}`}`;
}

function originText({ layer, ...origin }: PolicyOrigin): string {
  return `${layer} ${placeText(origin)}`;
}
