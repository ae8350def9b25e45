import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import type { TlsSettings } from '#agent/kubearmor/credentials.ts';
import { openssl } from '#test/support/openssl.ts';
import { listen, simulate, until } from './listening.ts';

type Issue = (name: string, extension?: string) => Promise<TlsSettings>;

/** A CA, and a way to have certificates from it, made with openssl. */
async function authority(t: ExecutionContext): Promise<Issue> {
  const folder = await mkdtemp(join(tmpdir(), 'kubearmor-tls-'));
  t.teardown(() => rm(folder, { recursive: true }));
  const at = (name: string): string => join(folder, name);
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  await openssl(['req', '-x509', ...key, '-keyout', at('ca.key'), '-out', at('ca.crt'), '-subj', '/CN=ca']);
  const ca = await readFile(at('ca.crt'), 'utf8');
  return async (name, extension) => {
    await openssl(['req', ...key, '-keyout', at('k'), '-out', at('csr'), '-subj', `/CN=${name}`]);
    await writeFile(at('ext'), extension ?? 'basicConstraints=CA:FALSE');
    const sign = ['-CA', at('ca.crt'), '-CAkey', at('ca.key'), '-CAcreateserial', '-extfile', at('ext')];
    await openssl(['x509', '-req', '-in', at('csr'), '-out', at('crt'), ...sign]);
    return { ca, cert: await readFile(at('crt'), 'utf8'), key: await readFile(at('k'), 'utf8') };
  };
}

/** As KubeArmor makes its own: common name kubearmor, and the address it had at its start (reference §1.7). */
const OF_KUBEARMOR = ['kubearmor', 'subjectAltName=IP:172.17.0.2'] as const;

test('mutual TLS with a certificate that names another address', async (t) => {
  const issue = await authority(t);
  const simulator = await simulate(t, { tls: await issue(...OF_KUBEARMOR) });
  const { ups, downs } = listen(t, simulator.address, { tls: await issue('agent') });
  await until(() => ups.length === 1);
  t.deepEqual(downs, []);
});

const refused = test.macro(
  async (t, make: (issue: Issue, other: Issue) => Promise<readonly [TlsSettings, TlsSettings?]>, reason: RegExp) => {
    const [server, client] = await make(await authority(t), await authority(t));
    const simulator = await simulate(t, { tls: server });
    const { downs, ups } = listen(t, simulator.address, client === undefined ? {} : { tls: client });
    await until(() => downs.length === 1);
    t.regex(downs[0]?.reason ?? '', reason);
    t.deepEqual(ups, []);
  },
);

test(
  'a certificate of the right CA that is not KubeArmor’s is refused',
  refused,
  async (issue) => [await issue('somebody-else'), await issue('agent')],
  /is of "somebody-else", neither kubearmor nor/,
);
test(
  'a KubeArmor of another CA is refused',
  refused,
  async (issue, other) => [await issue(...OF_KUBEARMOR), { ...(await issue('agent')), ca: (await other('x')).ca }],
  /certificate/,
);
test(
  'a plain client of a KubeArmor with TLS is told so',
  refused,
  async (issue) => [await issue(...OF_KUBEARMOR)],
  /does not answer/,
);
