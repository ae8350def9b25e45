import { DIRECTORY_BYTES, DOMAIN_BYTES, PATH_BYTES } from './evaluate/rule-key.ts';
import { CAPABILITIES } from './schema-sections.ts';

/**
 * Formats of template parameters: what KubeArmor's BPF enforcer can really match
 * (reference/kubearmor.md §4.9, §4.10). A value that it would take in silence and never match is refused here.
 */

export interface FormatProblem {
  /** Completes "is <value>: …". */
  readonly reason: string;
  readonly fix: string;
}

export interface Format {
  /** What a value of this format is, for documentation. */
  readonly says: string;
  readonly problem: (value: string) => FormatProblem | undefined;
}

export const formats: Readonly<Record<string, Format>> = {
  directory: {
    says: `an absolute directory with its final slash, at most ${DIRECTORY_BYTES} bytes`,
    problem: (value) =>
      absolutePathProblem(value) ??
      (value.endsWith('/')
        ? tooLong(value, DIRECTORY_BYTES, 'KubeArmor sees directories in the first 64 bytes of a path only')
        : {
            reason: 'a directory ends with a slash, KubeArmor takes this for a file and never matches it',
            fix: `Write "${value}/".`,
          }),
  },
  file: {
    says: `an absolute path without a final slash, at most ${PATH_BYTES} bytes`,
    problem: (value) =>
      absolutePathProblem(value) ??
      (value.endsWith('/')
        ? { reason: 'a file has no slash at its end', fix: `Write "${value.replace(/\/+$/, '')}".` }
        : tooLong(value, PATH_BYTES, 'KubeArmor compares no more of a path')),
  },
  'executable-name': {
    says: 'the file name of an executable, without its directory',
    problem: (value) =>
      value.includes('/') || value === ''
        ? { reason: 'a file name has no slash', fix: `Write "${value.split('/').at(-1)}".` }
        : (globProblem(value) ?? tooLong(value, PATH_BYTES, 'KubeArmor compares no more of a name')),
  },
  domain: {
    says: `a DNS name, at most ${DOMAIN_BYTES} bytes; its subdomains are included`,
    problem: (value) => {
      if (value.startsWith('*.')) {
        return { reason: 'subdomains are included anyway, a * is taken literally', fix: `Write "${value.slice(2)}".` };
      }
      return /^(?=.{1,253}$)([a-z0-9_]([-a-z0-9_]*[a-z0-9_])?\.)*[a-z0-9]([-a-z0-9]*[a-z0-9])?$/i.test(value)
        ? tooLong(value, DOMAIN_BYTES, 'KubeArmor compares no more of a name')
        : { reason: 'not a DNS name', fix: 'Write it as in example.org, without scheme, port or final dot.' };
    },
  },
  capability: {
    says: 'a Linux capability in lower case without cap_',
    problem: (value) => {
      if (CAPABILITIES.includes(value)) return undefined;
      const bare = value.toLowerCase().replace(/^cap_/, '');
      return {
        reason: 'KubeArmor takes an unknown capability for CAP_CHOWN',
        fix: CAPABILITIES.includes(bare) ? `Write "${bare}".` : `Use one of ${CAPABILITIES.join(', ')}.`,
      };
    },
  },
  'policy-name': {
    says: 'lower-case letters, digits, dots and dashes, at most 63',
    problem: (value) =>
      /^[a-z0-9]([-a-z0-9.]{0,61}[a-z0-9])?$/.test(value)
        ? undefined
        : {
            reason: 'KubeArmor makes a file of this name',
            fix: 'Use lower-case letters, digits, dots and dashes, at most 63, letters or digits at both ends.',
          },
  },
};

function absolutePathProblem(value: string): FormatProblem | undefined {
  if (!value.startsWith('/')) return { reason: 'not an absolute path', fix: `Write "/${value}".` };
  if (/\/\.{0,2}\/|\/\.{1,2}$/.test(value)) {
    return {
      reason: 'KubeArmor compares with the path that the kernel resolved, which has no "//", "." or ".."',
      fix: `Write "${new URL(value.replace(/\/+/g, '/'), 'file:').pathname}".`,
    };
  }
  return globProblem(value);
}

function globProblem(value: string): FormatProblem | undefined {
  return /[*?[\]{}]/.test(value)
    ? { reason: 'wildcards are not matched under BPF-LSM', fix: 'Name files, or a directory with its final slash.' }
    : undefined;
}

function tooLong(value: string, limit: number, reason: string): FormatProblem | undefined {
  const bytes = Buffer.byteLength(value);
  return bytes <= limit ? undefined : { reason: `${bytes} bytes, ${reason}`, fix: `Use at most ${limit} bytes.` };
}
