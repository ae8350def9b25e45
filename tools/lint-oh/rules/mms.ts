import { type Fields, isFields } from '#policy/flat-rules.ts';
import type { Report, Rule } from '#policy/lint/rule.ts';
import { shownValue } from '#policy/shown-value.ts';
import { parseVersionRange } from '#policy/version-range.ts';
import type { Definition } from '../definition.ts';
import { objectMeta } from '../example.ts';
import { known, mapsAt } from '../shape-faults.ts';

const placed = (service: Fields): string =>
  objectMeta({ destinationPolicy: { properties: [], constraints: ['purpose == web'], services: [service] } });

/** Rules about the metadata of MMS objects (reference/exchange-mms.md §0, §C, §F). */
export const mmsRules: readonly Rule<Definition>[] = [
  {
    id: 'OH601',
    title: 'name that stalls every agent',
    severity: 'error',
    language: 'json',
    why:
      'The CSS takes more characters in ids and types than the ESS on a node can work with: an object whose name has one ' +
      'of `| * ! # $ ^ ~` makes every agent that sees it fail for ever, at half a CPU. `/ : = , % +` and blanks the CSS ' +
      'refuses itself (§0, §C.3).',
    fix: 'Use letters, digits, `.`, `_`, `@` and `-`.',
    bad: objectMeta({ objectID: 'web|settings' }),
    good: objectMeta(),
    *check({ kind, fields }) {
      if (kind !== 'MMS object') return;
      for (const field of [
        'objectID',
        'objectType',
        'version',
        'destinationID',
        'destinationType',
        'destinationOrgID',
      ]) {
        const text = known(fields, field);
        const odd = text === undefined ? undefined : /[^A-Za-z0-9._@\-\p{L}\p{N}]/u.exec(text)?.[0];
        if (odd === undefined) continue;
        const stalls = /[|*!#$^~]/.test(odd) && field.startsWith('object');
        yield {
          path: [field],
          message: stalls
            ? `"${odd}" in a name stalls every agent that sees the object`
            : `the CSS refuses "${odd}" in a name`,
          fix: 'Use letters, digits, . _ @ and -.',
        };
      }
    },
  },
  {
    id: 'OH602',
    title: 'placement that contradicts itself',
    severity: 'error',
    language: 'json',
    why: 'A destination policy excludes destinationType, destinationID and destinationsList: 400. And an object can not change from one to the other later (§C.3).',
    fix: 'Keep one; delete the object to change it.',
    bad: objectMeta({ destinationType: 'web-pattern' }),
    good: objectMeta(),
    *check({ kind, fields }) {
      if (kind !== 'MMS object' || !isFields(fields.destinationPolicy)) return;
      for (const field of ['destinationType', 'destinationID', 'destinationsList']) {
        const value = fields[field];
        if (value === undefined || value === '' || value === null || (Array.isArray(value) && value.length === 0))
          continue;
        yield {
          path: [field],
          onKey: true,
          message: `${field} and destinationPolicy exclude each other`,
          fix: 'Keep one.',
        };
      }
    },
  },
  {
    id: 'OH603',
    title: 'service that the object never reaches',
    severity: 'error',
    language: 'json',
    why:
      'Objects are placed by the name of a service as it stands in ids: without scheme, with dashes for slashes. One with ' +
      'a `/` or a scheme matches nothing, one with `_` is split there (§C.6).',
    fix: 'Write the name as in the id of the service, and a version range.',
    bad: placed({ orgID: 'acme', arch: '*', serviceName: 'https://example.org/web', version: '[1.0.0,INFINITY)' }),
    good: objectMeta(),
    *check({ kind, fields }) {
      if (kind !== 'MMS object' || !isFields(fields.destinationPolicy)) return;
      for (const { fields: each, index } of mapsAt(fields.destinationPolicy, 'services')) {
        const at = ['destinationPolicy', 'services', index];
        const name = known(each, 'serviceName');
        if (name !== undefined && /[/_:]/.test(name)) {
          yield {
            path: [...at, 'serviceName'],
            message: `no node finds an object for the service "${name}"`,
            fix: `Write ${name.replace(/^[^:]*:\/\//, '').replaceAll('/', '-')}, and rename a service with "_".`,
          };
        }
        const version = known(each, 'version');
        if (version !== undefined && parseVersionRange(version) === undefined) {
          yield {
            path: [...at, 'version'],
            message: `"${version}" is no version range`,
            fix: 'Write [1.0.0,INFINITY).',
          };
        }
      }
    },
  },
  {
    id: 'OH604',
    title: 'object that every service can read',
    severity: 'warning',
    language: 'json',
    why:
      'Without a destination policy, or with one that names no service, every service of a node sees the object; on nodes ' +
      'with a pattern that is so in any case (§C.8).',
    fix: 'Name the services; keep secrets out of objects.',
    bad: objectMeta({ destinationPolicy: { properties: [], constraints: [], services: [] } }),
    good: objectMeta(),
    *check({ kind, fields }) {
      if (kind !== 'MMS object' || fields.public === true) return;
      const policy = fields.destinationPolicy;
      if (isFields(policy) && Array.isArray(policy.services) && policy.services.length > 0) return;
      const named = isFields(policy);
      yield {
        path: named ? ['destinationPolicy'] : [],
        onKey: named,
        message: 'every service on the nodes it reaches sees this object',
        fix: 'Name the services in destinationPolicy.',
      };
    },
  },
  {
    id: 'OH605',
    title: 'object that the first reader hides from the others',
    severity: 'warning',
    language: 'json',
    why: '`consumers` is 1 unless said otherwise: the first service that marks the object as received takes it off the list of all others (§C.9).',
    fix: 'Write `"consumers": -1`.',
    bad: objectMeta({ consumers: 1 }),
    good: objectMeta(),
    *check({ kind, fields }) {
      if (
        kind !== 'MMS object' ||
        (typeof fields.consumers === 'number' && fields.consumers !== 1 && fields.consumers !== 0)
      )
        return;
      const given = fields.consumers !== undefined;
      yield {
        path: given ? ['consumers'] : [],
        message: 'after the first reader the object is hidden from the others',
        fix: 'Write "consumers": -1.',
      };
    },
  },
  {
    id: 'OH606',
    title: 'signature that proves nothing, or can not be checked',
    severity: 'error',
    language: 'json',
    why:
      'The CSS checks a signature only with hashAlgorithm (SHA1 or SHA256), publicKey and signature together; the key is ' +
      'base64 of the DER, not PEM. It is integrity only: whoever writes the object writes the key (§C.4).',
    fix: 'Give all three; sign what is in the data against a key that the reader knows.',
    bad: objectMeta({ hashAlgorithm: 'SHA256', signature: 'aGFsbG8=', publicKey: '-----BEGIN PUBLIC KEY-----' }),
    good: objectMeta({ hashAlgorithm: 'SHA256', signature: 'aGFsbG8=', publicKey: 'MFwwDQYJKoZIhvcNAQEBBQADSwAwSAJB' }),
    *check({ kind, fields }) {
      if (kind === 'MMS object') yield* signatureFaults(fields);
    },
  },
  {
    id: 'OH607',
    title: 'time that can not be read, or takes the object away in silence',
    severity: 'error',
    language: 'json',
    why: 'Times are RFC 3339. An object that expires is dropped from the CSS without a notice to the nodes: expiration is no revocation (§C.6, §F.13).',
    fix: 'Write 2027-01-31T08:00:00Z; withdraw by an update.',
    bad: objectMeta({ expiration: '31.01.2027' }),
    good: objectMeta(),
    *check({ kind, fields }) {
      if (kind !== 'MMS object') return;
      for (const field of ['expiration', 'activationTime']) {
        const time = known(fields, field);
        if (time === undefined || time === '') continue;
        if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)$/.test(time)) {
          yield { path: [field], message: `"${time}" is no RFC 3339 time`, fix: 'Write 2027-01-31T08:00:00Z.' };
        } else if (field === 'expiration') {
          yield {
            path: [field],
            message: 'nodes are not told when it expires',
            fix: 'Withdraw by an update instead.',
            severity: 'info',
          };
        }
      }
    },
  },
];

function* signatureFaults({ hashAlgorithm, publicKey, signature }: Fields): Generator<Report> {
  const given = Object.entries({ hashAlgorithm, publicKey, signature }).filter(
    ([, value]) => value !== undefined && value !== '',
  );
  const [first] = given;
  if (first === undefined) return;
  if (given.length < 3) {
    yield {
      path: [first[0]],
      onKey: true,
      message: 'hashAlgorithm, publicKey and signature go together: nothing is checked',
      fix: 'Give all three.',
      severity: 'warning',
    };
  }
  if (hashAlgorithm !== undefined && hashAlgorithm !== '' && hashAlgorithm !== 'SHA1' && hashAlgorithm !== 'SHA256') {
    yield {
      path: ['hashAlgorithm'],
      message: `"${shownValue(hashAlgorithm)}" is no hash algorithm here`,
      fix: 'Write SHA256.',
    };
  }
  for (const [name, value] of Object.entries({ publicKey, signature })) {
    if (
      typeof value !== 'string' ||
      value === '' ||
      /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(value)
    )
      continue;
    yield {
      path: [name],
      message: `${name} is not base64 of a DER`,
      fix: 'Leave out the BEGIN and END lines and line breaks.',
    };
  }
}
