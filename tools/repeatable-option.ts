import { InvalidArgumentError } from 'commander';

/*
 * Parsers for options that may be given several times, one value each. Commander's own lists (`<name...>`) take every word
 * up to the next option, the command's argument as well: `publish --only services dist`.
 */

/** `--set a=1 --set b=2`. */
export function repeated(value: string, before: readonly string[] = []): readonly string[] {
  return [...before, value];
}

/** `--only a,b --only c`: for values that hold no comma. */
export function commaSeparated(value: string, before: readonly string[] = []): readonly string[] {
  const values = value.split(',').map((each) => each.trim());
  if (values.includes('')) throw new InvalidArgumentError('Give names, with commas between them.');
  return [...before, ...values];
}

/** `--trust ID --trust ID`. A part of a key id would trust every key that somebody makes to begin with it. */
export function trustedKeyIds(value: string, before: readonly string[] = []): readonly string[] {
  const id = value.toLowerCase();
  if (/^[0-9a-f]{64}$/.test(id)) return [...before, id];
  throw new InvalidArgumentError(
    'A key id has 64 hexadecimal digits: hzn-armor keys show prints your own, hzn-armor policy show --json that of a policy.',
  );
}
