import { ArmorError } from '#errors';
import type { Settings } from '#tools/settings.ts';
import type { Variables } from './variables.ts';

/** What a source may name: the environment, and the org from wherever hzn has it. */
export function environmentOf({ org, variables }: Pick<Settings, 'org' | 'variables'>): Variables {
  const values = [...variables].map(([name, { value }]): [string, string] => [name, value]);
  return new Map(org === undefined ? values : [['HZN_ORG_ID', org.value], ...values]);
}

/** The organization to publish to. @throws ArmorError SETTING_MISSING */
export function requireOrg(variables: Variables): string {
  const org = variables.get('HZN_ORG_ID');
  if (org !== undefined && org !== '') return org;
  throw new ArmorError(
    'SETTING_MISSING',
    'the organization is not known: HZN_ORG_ID is not set',
    { request: 'settings' },
    'Set HZN_ORG_ID in the environment or ~/.hzn/hzn.json, or under variables in horizon-armor.yaml.',
  );
}
