import { ArmorError } from '#errors';
import { errorCode } from './retry.ts';

/** A request that got no HTTP answer, as something a user can act on. */
export function connectionError(error: unknown, request: string, url: URL): ArmorError {
  const code = errorCode(error);
  const options = { cause: error };
  const trust = trustProblem(code, url);
  if (trust !== undefined) return new ArmorError('HUB_UNTRUSTED', trust.message, { request }, trust.fix, options);
  const { message, fix } = reachProblem(code, url);
  return new ArmorError('HUB_UNREACHABLE', message, { request }, fix, options);
}

interface Problem {
  readonly message: string;
  readonly fix: string;
}

function trustProblem(code: string, { hostname }: URL): Problem | undefined {
  switch (code) {
    case 'DEPTH_ZERO_SELF_SIGNED_CERT':
    case 'SELF_SIGNED_CERT_IN_CHAIN':
    case 'UNABLE_TO_VERIFY_LEAF_SIGNATURE':
    case 'UNABLE_TO_GET_ISSUER_CERT':
    case 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY':
    case 'CERT_UNTRUSTED':
    case 'CERT_SIGNATURE_FAILURE':
      return {
        message: `the certificate of ${hostname} is of no authority that this machine trusts`,
        fix: "Get the hub's CA certificate from its operator and set HZN_MGMT_HUB_CERT_PATH to that file.",
      };
    case 'CERT_HAS_EXPIRED':
    case 'CERT_NOT_YET_VALID':
      return {
        message: `the certificate of ${hostname} is ${code === 'CERT_HAS_EXPIRED' ? 'expired' : 'not yet valid'}`,
        fix: "Check this machine's clock; otherwise the hub's operator has to renew the certificate.",
      };
    case 'ERR_TLS_CERT_ALTNAME_INVALID':
    case 'HOSTNAME_MISMATCH':
      return {
        message: `the certificate was not made for ${hostname}`,
        fix: 'Write the host name that the certificate names into the URL.',
      };
    default:
      return undefined;
  }
}

function reachProblem(code: string, { hostname, host, protocol }: URL): Problem {
  switch (code) {
    case 'ENOTFOUND':
      return { message: `there is no host ${hostname}`, fix: 'Correct the URL in the settings.' };
    case 'EAI_AGAIN':
      return { message: `the name ${hostname} cannot be resolved just now`, fix: 'Check the network and its DNS.' };
    case 'ECONNREFUSED':
      return { message: `${host} refuses the connection`, fix: 'Check that the hub runs, and the port in the URL.' };
    case 'ETIMEDOUT':
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
      return { message: `${host} does not answer`, fix: 'Check the network, the firewall and the URL.' };
    case 'EPROTO':
    case 'ERR_SSL_WRONG_VERSION_NUMBER':
    case 'ERR_SSL_PACKET_LENGTH_TOO_LONG':
      return { message: `${host} does not speak TLS`, fix: 'Write http:// in the URL, or correct its port.' };
    case 'HPE_INVALID_CONSTANT':
    case 'HPE_INVALID_VERSION':
    case 'HPE_UNEXPECTED_CONTENT_LENGTH':
      return {
        message: `${host} does not speak ${protocol === 'http:' ? 'plain HTTP' : 'HTTP'}`,
        fix: protocol === 'http:' ? 'Write https:// in the URL, or correct its port.' : 'Correct the port in the URL.',
      };
    default:
      return {
        message: `the connection to ${host} failed${code === '' ? '' : ` (${code})`}`,
        fix: 'Run the command again: it goes on where it stopped.',
      };
  }
}
