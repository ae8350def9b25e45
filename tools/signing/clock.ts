import { ArmorError } from '#errors';

/**
 * Unix seconds: SOURCE_DATE_EPOCH where it is set (https://reproducible-builds.org/specs/source-date-epoch/), else now.
 *
 * @throws ArmorError USAGE when SOURCE_DATE_EPOCH is no whole number of seconds
 */
export function unixSeconds(env: Readonly<Record<string, string | undefined>>): number {
  const given = env.SOURCE_DATE_EPOCH;
  if (given === undefined || given === '') return Math.floor(Date.now() / 1000);
  if (/^\d{1,12}$/.test(given)) return Number(given);
  throw new ArmorError(
    'USAGE',
    `SOURCE_DATE_EPOCH is ${JSON.stringify(given)}`,
    { request: 'environment' },
    'Give it as whole seconds since 1970, or unset it.',
  );
}
