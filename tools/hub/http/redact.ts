import type { Credentials } from '#tools/settings.ts';

/** Makes a text that came from outside fit for a line of output: without our credentials, on one line, not endless. */
export type Redact = (text: string) => string;

const LONGEST = 300;

/**
 * A hub, or a proxy before it, may echo what it was sent. Neither the password nor the Authorization value in any
 * spelling may go on from there.
 */
export function redactor({ id, secret }: Credentials): Redact {
  const password = secret.reveal();
  const basic = Buffer.from(`${id}:${password}`).toString('base64');
  const spellings = [basic, encodeURIComponent(basic), password, encodeURIComponent(password)].filter(
    (spelling, index, all) => spelling !== '' && all.indexOf(spelling) === index,
  );
  return (text) => {
    let safe = text;
    for (const spelling of spellings) safe = safe.replaceAll(spelling, '<secret>');
    const line = safe.replace(/[\p{Cc}\p{Zl}\p{Zp}\s]+/gu, ' ').trim();
    return line.length > LONGEST ? `${line.slice(0, LONGEST)} …` : line;
  };
}
