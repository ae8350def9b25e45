/** What an answer of a hub means to the user. Decided on the status alone: codes and messages are translated (§A.3). */
import { ArmorError, type Where } from '#errors';
import type { HttpAnswer } from './http/http-client.ts';
import type { Redact } from './http/redact.ts';

/** Who asked whom: for messages, without secrets. */
export interface HubParty {
  readonly name: 'Exchange' | 'CSS';
  /** `org/user`. */
  readonly user: string;
  /** Where the credentials came from. */
  readonly credentialsFrom: string;
  readonly org: string;
  /** The setting that holds this hub's URL. */
  readonly urlSetting: 'HZN_EXCHANGE_URL' | 'HZN_FSS_CSSURL';
  readonly redact: Redact;
}

/** A web page where JSON or a short text was asked for: a proxy's login, a portal, another program on that port. */
export function isWebPage({ headers, text }: HttpAnswer): boolean {
  return (headers['content-type'] ?? '').includes('text/html') || /^\s*<(?:!doctype|html|head|body)/i.test(text);
}

/**
 * An answer that no caller can go on with.
 *
 * @param file the source of what was sent, if anything was
 */
export function refusal(answer: HttpAnswer, party: HubParty, file?: string): ArmorError {
  const { status, request } = answer;
  const where: Where = file === undefined ? { request } : { file };
  const said = saying(answer, party);
  const at = file === undefined ? '' : `${request}: `;
  const error = (code: ArmorError['code'], message: string, fix: string): ArmorError =>
    new ArmorError(code, `${at}${message}`, where, fix);
  if (status >= 300 && status < 400) return error('HUB_REJECTED', ...redirected(answer, party));
  if (isWebPage(answer))
    return error(
      status >= 500 ? 'HUB_UNREACHABLE' : 'HUB_REJECTED',
      `a web page came back (${status}) and not an answer of the ${party.name}`,
      `Check ${party.urlSetting}, and whether a proxy or a login page stands before the hub.`,
    );
  if (status === 401 || (status === 403 && party.name === 'CSS')) return error('HUB_DENIED', ...denied(party));
  if (status === 403) return error('HUB_DENIED', `${party.user} has not the right to do this${said}`, RIGHTS_FIX);
  if (status === 400 || status === 409 || status === 413 || status === 415)
    return error(
      'HUB_REJECTED',
      `the ${party.name} refuses what was sent (${status})${said}`,
      rejectedFix(answer, file),
    );
  if (status >= 500)
    return error(
      'HUB_UNREACHABLE',
      `the ${party.name} failed (${status})${said}`,
      'Run the command again; if it stays so, look into the log of the hub.',
    );
  return error(
    'HUB_REJECTED',
    `the ${party.name} gave an unexpected answer (${status})${said}`,
    `Check ${party.urlSetting} and the version of the hub.`,
  );
}

/** Not JSON, or not of the shape that the hub's version is known to give. */
export function unreadable(answer: HttpAnswer, party: HubParty): ArmorError {
  if (isWebPage(answer)) return refusal(answer, party);
  return new ArmorError(
    'HUB_REJECTED',
    `the answer (${answer.status}) is not what an ${party.name} sends`,
    { request: answer.request },
    `Check that ${party.urlSetting} is the URL of the ${party.name}.`,
  );
}

const RIGHTS_FIX =
  'Publish as the user who created it, or as an admin of the org; ask that admin for the right where it is new.';

function denied({ name, user, credentialsFrom }: HubParty): [message: string, fix: string] {
  const hint = user.endsWith('/iamapikey')
    ? 'iamapikey is no longer a name to log in with: write org/apikey:KEY.'
    : `Correct HZN_EXCHANGE_USER_AUTH in ${credentialsFrom}; a node or agbot with the same name as the user hides it.`;
  return name === 'Exchange'
    ? [`the Exchange does not accept the credentials of ${user}`, hint]
    : [
        `the CSS does not accept the credentials of ${user}, or not for this org`,
        `If the Exchange accepts them: use a user of the org that is published to, and the CSS of that Exchange. ${hint}`,
      ];
}

function redirected({ headers, status }: HttpAnswer, { urlSetting, redact }: HubParty): [message: string, fix: string] {
  const { location = '' } = headers;
  const target = URL.canParse(location) ? new URL(location) : undefined;
  const to = target === undefined ? 'elsewhere' : redact(`to ${target.origin}${target.pathname}`);
  return [`the hub sends us ${to} (${status})`, `Write the final URL into ${urlSetting}.`];
}

/** The hub's own words, behind a colon. */
function saying({ text }: HttpAnswer, { redact }: HubParty): string {
  const message = redact(messageIn(text));
  return message === '' ? '' : `: ${message}`;
}

function messageIn(text: string): string {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && 'msg' in value && typeof value.msg === 'string'
      ? value.msg
      : '';
  } catch {
    return /^\s*</.test(text) ? '' : text;
  }
}

/** The field, where the Exchange's JSON reader names one: `Unrecognized field "x"`, or a chain of references. */
function rejectedFix({ text }: HttpAnswer, file: string | undefined): string {
  const message = messageIn(text);
  const unknown = /Unrecognized field "([^"]+)"/.exec(message)?.[1];
  const chain = [...message.matchAll(/\["([^"]+)"\]/g)].map(([, field]) => field).join('.');
  const field = unknown ?? (chain === '' ? undefined : chain);
  const what = field === undefined ? 'what the answer names' : `the field ${field}`;
  return `Correct ${what}${file === undefined ? '' : ` in ${file}`}.`;
}
