import { resolve } from 'node:path';
import { Command } from 'commander';
import type { Finding } from '#policy/finding.ts';
import { loadBundle } from '#tools/bundle/load-bundle.ts';
import type { Bundle } from '#tools/bundle/types.ts';
import type { CommandContext, ExitStatus } from '#tools/command.ts';
import { type Agreement, type BundleCheck, checkBundle } from '#tools/compat/check-bundle.ts';
import { deploymentTerms, type ServiceTerms, serviceTerms } from '#tools/compat/terms.ts';
import { loadSettings } from '#tools/load-settings.ts';
import type { Settings } from '#tools/settings.ts';
import { table } from '#tools/table.ts';

interface Options {
  readonly bundle: string;
  readonly hub?: boolean;
  readonly json?: boolean;
}

export function define(context: CommandContext, done: (status: ExitStatus) => void): Command {
  return new Command()
    .description(
      'Check the bundle as agbot and agent would: constraints, properties, privileges, user input, and for each deployment policy and node policy whether an agreement will form. Exit status 1 when something is wrong; a pair that does not fit is no fault.',
    )
    .option('--bundle <dir>', 'directory of horizon-armor.yaml', '.')
    .option('--hub', 'look on the hub for services that are not of the bundle')
    .option('--json', 'print the result as one JSON document')
    .action(async (options: Options) => {
      const result = await check(context, options);
      context.stdout.write(options.json ? `${JSON.stringify(result)}\n` : text(result));
      done(result.findings.some(({ severity }) => severity === 'error') ? 1 : 0);
    });
}

/** @throws ArmorErrors with everything that makes the bundle unreadable */
export async function check({ cwd, env }: CommandContext, { bundle: dir, hub }: Options): Promise<BundleCheck> {
  const settings = await loadSettings({ env });
  const bundle = await loadBundle(resolve(cwd, dir), settings);
  const checked = hub ? checkBundle(bundle, await servicesElsewhere(bundle, settings)) : checkBundle(bundle);
  const warnings = bundle.warnings.map((warning): Finding => ({ ...warning, rule: 'bundle', severity: 'warning' }));
  return { findings: [...checked.findings, ...warnings], agreements: checked.agreements };
}

/** Services that deployment policies name and the bundle does not have, with their policies. */
async function servicesElsewhere(bundle: Bundle, settings: Settings): Promise<ServiceTerms[]> {
  const { openHub, requireHub } = await import('#tools/hub/open-hub.ts');
  const own = new Set(bundle.services.map(({ definition }) => definition.value.url));
  const wanted = bundle.deploymentPolicies
    .map(({ value }) => deploymentTerms({ ...value }).service)
    .filter(({ org, name }) => org !== bundle.org || !own.has(name));
  if (wanted.length === 0) return [];
  const hub = await openHub(requireHub(settings));
  try {
    const found = await Promise.all(
      [...new Set(wanted.map(({ org }) => org))].map(async (org) => {
        const names = new Set(wanted.filter((service) => service.org === org).map(({ name }) => name));
        const listed = [...(await hub.exchange.list('service', org))].filter(([, { url }]) => names.has(String(url)));
        return Promise.all(
          listed.map(async ([id, body]) => serviceTerms(org, body, await hub.exchange.servicePolicy(id, org))),
        );
      }),
    );
    return found.flat();
  } finally {
    hub.close();
  }
}

function text({ findings, agreements }: BundleCheck): string {
  const lines = findings.map(
    ({ file, line, column, severity, message, fix }) => `${file}:${line}:${column}: ${severity}: ${message}. ${fix}\n`,
  );
  const rows = agreements.map(({ deploymentPolicy, nodePolicy, ...agreement }) => [
    deploymentPolicy,
    nodePolicy,
    agreement.forms,
    explanation(agreement),
  ]);
  const matrix = rows.length === 0 ? '' : table(['DEPLOYMENT POLICY', 'NODE POLICY', 'AGREEMENT', ''], rows);
  return [...lines, ...(lines.length > 0 && matrix !== '' ? ['\n'] : []), matrix].join('');
}

function explanation({
  forms,
  service = '',
  reasons,
  assumed,
}: Omit<Agreement, 'deploymentPolicy' | 'nodePolicy'>): string {
  if (forms === 'unknown') return 'the service is not of this bundle; --hub looks for it';
  if (forms === 'yes') return assumed.length === 0 ? service : `${service}, if the node has ${assumed.join(', ')}`;
  return reasons.map(({ which, message, where }) => `${which}: ${message} (${where})`).join('; ');
}
