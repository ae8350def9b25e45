import { isFields } from '#policy/flat-rules.ts';
import type { Rule } from '#policy/lint/rule.ts';
import { isVersion, parseVersionRange } from '#policy/version-range.ts';
import type { Definition } from '../definition.ts';
import { service } from '../example.ts';
import { known, mapsAt } from '../shape-faults.ts';

const requiring = (lines: string): string =>
  service(`requiredServices:\n  - url: db\n    org: acme\n    arch: amd64\n${lines}`);

/** How `uname -m` calls what Go, and so Open Horizon, calls otherwise. */
const ARCH_NAMES: ReadonlyMap<string, string> = new Map(
  Object.entries({
    x86_64: 'amd64',
    'x86-64': 'amd64',
    x64: 'amd64',
    aarch64: 'arm64',
    armv7l: 'arm',
    armhf: 'arm',
    armv6l: 'arm',
    i386: '386',
    i686: '386',
    ppc64el: 'ppc64le',
  }),
);

/** Rules about service definitions (reference/anax.md §1, §10; exchange-mms.md §0, §A.7). */
export const serviceRules: readonly Rule<Definition>[] = [
  {
    id: 'OH101',
    title: 'version that the Exchange or a node can not use',
    severity: 'error',
    why:
      'The Exchange takes digits and dots only, up to three numbers: no `v`, no `-rc1`. It does take `INFINITY`, `01.2.3` ' +
      'and blanks around a version, which no node ever finds (exchange-mms.md §0).',
    fix: 'Write one to three numbers: "1.2.3".',
    bad: service().replace('"1.0.0"', '"v1.0.0-rc1"'),
    good: service(),
    *check(definition) {
      for (const { text, path } of versionsOf(definition)) {
        if (/^(?:0|[1-9]\d*)(?:\.(?:0|[1-9]\d*)){0,2}$/.test(text)) continue;
        const range = /^[[(]/.test(text);
        const message = range
          ? `${text} is a range; one version is wanted here`
          : `"${text}" is no version that can be used`;
        yield { path, message, fix: 'Write one to three numbers: "1.2.3".' };
      }
    },
  },
  {
    id: 'OH102',
    title: 'architecture by a name that no node has',
    severity: 'warning',
    why: 'Nodes call themselves as Go does: amd64, arm64, arm. A service for x86_64 or `*` is stored, and never deployed.',
    fix: 'Use amd64, arm64, arm, ppc64le, s390x or riscv64; one service definition for each.',
    bad: service().replace('arch: amd64', 'arch: x86_64'),
    good: service(),
    *check({ kind, fields }) {
      if (kind !== 'service') return;
      const arch = known(fields, 'arch');
      if (arch === '')
        yield {
          path: ['arch'],
          message: 'the Exchange refuses an empty architecture',
          fix: 'Name it.',
          severity: 'error',
        };
      if (arch === '*')
        yield { path: ['arch'], message: 'a service has one architecture: "*" matches none', fix: 'Name it.' };
      const go = ARCH_NAMES.get(arch ?? '');
      if (go !== undefined) yield { path: ['arch'], message: `nodes call ${arch} ${go}`, fix: `Write ${go}.` };
    },
  },
  {
    id: 'OH103',
    title: 'unknown way of sharing',
    severity: 'error',
    why: 'The Exchange answers 400 to anything but exclusive, single, singleton and multiple.',
    fix: 'Use `multiple`, or `singleton` for one instance on a node.',
    bad: service().replace('multiple', 'shared'),
    good: service(),
    *check({ kind, fields }) {
      const sharable = known(fields, 'sharable');
      if (kind !== 'service' || sharable === undefined) return;
      if (['exclusive', 'single', 'singleton', 'multiple'].includes(sharable)) return;
      yield {
        path: ['sharable'],
        message: `"${sharable}" is none of exclusive, single, singleton, multiple`,
        fix: 'Use one of them.',
      };
    },
  },
  {
    id: 'OH104',
    title: 'service name that changes on its way',
    severity: 'warning',
    why:
      'The Exchange replaces `$ ! * , ; / ? @ & ~ = %` by a dash in ids: `a/b` and `a-b` are the same service. MMS ' +
      'compares with the replaced name, and splits it at `_`: objects for it reach no node (exchange-mms.md §A.7, §C.6).',
    fix: 'Use letters, digits, dots and dashes.',
    bad: service().replace('url: web', 'url: https://example.org/services/web_server'),
    good: service(),
    *check({ kind, fields }) {
      const url = known(fields, 'url');
      if (kind !== 'service' || url === undefined || /^[A-Za-z0-9][A-Za-z0-9.-]*$/.test(url)) return;
      const id = url.replace(/^[A-Za-z0-9+.-]*:\/\//, '').replace(/[$!*,;/?@&~=%]/g, '-');
      const message =
        id === url ? `"${url}" has characters that MMS can not place objects by` : `"${url}" becomes "${id}" in ids`;
      yield { path: ['url'], message, fix: 'Use letters, digits, dots and dashes.' };
    },
  },
  {
    id: 'OH105',
    title: 'required service that can not be resolved',
    severity: 'error',
    why:
      'The Exchange wants the architecture of the service itself, and a version range; hzn and the agent refuse a range ' +
      'with a blank in it (anax.md §6.9; exchange-mms.md §A.7).',
    fix: 'Write `versionRange: "[1.0.0,2.0.0)"`, and the same arch.',
    bad: requiring('    versionRange: "[1.0.0, 2.0.0)"\n'),
    good: requiring('    versionRange: "[1.0.0,2.0.0)"\n'),
    *check({ kind, fields }) {
      if (kind !== 'service') return;
      for (const { fields: required, index } of mapsAt(fields, 'requiredServices')) {
        const at = ['requiredServices', index];
        const own = known(fields, 'arch');
        const arch = known(required, 'arch');
        if (own !== undefined && arch !== undefined && arch !== own) {
          yield { path: [...at, 'arch'], message: `${arch} is not the service's own ${own}`, fix: `Write ${own}.` };
        }
        if (required.version === undefined && required.versionRange === undefined) {
          yield { path: at, message: 'neither version nor versionRange', fix: 'Add versionRange.' };
        }
        const range = known(required, 'versionRange');
        if (range !== undefined && range !== '' && parseVersionRange(range) === undefined) {
          yield {
            path: [...at, 'versionRange'],
            message: `"${range}" is no version range`,
            fix: 'Write it without blanks, as [1.0.0,2.0.0).',
          };
        }
      }
    },
  },
  {
    id: 'OH106',
    title: 'required version that means more than it says',
    severity: 'warning',
    why: 'A bare version in `requiredServices` means that version *or any higher*; and where both fields stand, `version` wins (anax.md §6.9).',
    fix: 'Write `versionRange` alone: "[1.0.0,1.0.0]" for exactly one.',
    bad: requiring('    version: "1.0.0"\n'),
    good: requiring('    versionRange: "[1.0.0,1.0.0]"\n'),
    *check({ kind, fields }) {
      if (kind !== 'service') return;
      for (const { fields: required, index } of mapsAt(fields, 'requiredServices')) {
        const version = known(required, 'version');
        if (version === undefined || version === '' || !isVersion(version)) continue;
        const both =
          required.versionRange !== undefined && required.versionRange !== '' && required.versionRange !== version;
        yield {
          path: ['requiredServices', index, 'version'],
          message: both ? 'version wins over versionRange' : `${version} means ${version} or any higher`,
          fix: 'Write versionRange alone.',
        };
      }
    },
  },
  {
    id: 'OH109',
    title: 'documentation that is no address',
    severity: 'error',
    why: 'The Exchange parses it as a URL, and answers 400 where that fails.',
    fix: 'Write a URL, or leave it away.',
    bad: service('documentation: see the wiki\n'),
    good: service('documentation: https://example.org/web\n'),
    *check({ kind, fields }) {
      const documentation = known(fields, 'documentation');
      if (kind !== 'service' || documentation === undefined || documentation === '') return;
      if (/^[a-z][a-z0-9+.-]*:/i.test(documentation)) return;
      yield { path: ['documentation'], message: `"${documentation}" is no URL`, fix: 'Write one, or leave it away.' };
    },
  },
  {
    id: 'OH110',
    title: 'deployment that can not be used',
    severity: 'error',
    why:
      'A deployment that is a text is what was signed: it must be JSON and come with its signature, or the Exchange ' +
      'answers 400 and no agent takes it. A service for clusters can not require others (anax.md §1.1, §1.5).',
    fix: 'Leave the map in place and let the build sign it.',
    bad: service().replace(
      /deployment:[\s\S]*$/,
      'deployment: "{\\"services\\":{\\"web\\":{\\"image\\":\\"web:1\\"}}}"\n',
    ),
    good: service(),
    *check({ kind, fields }) {
      if (kind !== 'service') return;
      const { deployment, deploymentSignature, clusterDeployment, requiredServices } = fields;
      if (typeof deployment === 'string' && deployment !== '') {
        if (!isJsonMap(deployment))
          yield { path: ['deployment'], message: 'this text is no JSON map', fix: 'Write the deployment as a map.' };
        if (deploymentSignature === undefined || deploymentSignature === '') {
          yield {
            path: ['deployment'],
            onKey: true,
            message: 'a deployment as text needs its deploymentSignature',
            fix: 'Sign it, or write a map.',
          };
        }
      }
      const cluster =
        isFields(clusterDeployment) || (typeof clusterDeployment === 'string' && clusterDeployment !== '');
      if (cluster && Array.isArray(requiredServices) && requiredServices.length > 0) {
        yield {
          path: ['requiredServices'],
          onKey: true,
          message: 'a service for clusters can not require others',
          fix: 'Remove them.',
        };
      }
    },
  },
];

/** Every field that holds one version of a service. */
function* versionsOf({
  kind,
  fields,
}: Definition): Generator<{ readonly text: string; readonly path: (string | number)[] }> {
  const version = known(fields, 'version');
  if (kind === 'service' && version !== undefined) yield { text: version, path: ['version'] };
  const holders =
    kind === 'deployment policy' && isFields(fields.service)
      ? [{ holder: fields.service, at: ['service'] as (string | number)[] }]
      : kind === 'pattern'
        ? mapsAt(fields, 'services').map(({ fields: holder, index }) => ({
            holder,
            at: ['services', index] as (string | number)[],
          }))
        : [];
  for (const { holder, at } of holders) {
    for (const { fields: each, index } of mapsAt(holder, 'serviceVersions')) {
      const text = known(each, 'version');
      if (text !== undefined) yield { text, path: [...at, 'serviceVersions', index, 'version'] };
    }
  }
}

function isJsonMap(text: string): boolean {
  try {
    return isFields(JSON.parse(text));
  } catch {
    return false;
  }
}
