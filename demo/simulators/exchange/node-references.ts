import type { UserInput } from './bodies.ts';
import type { Call } from './call.ts';
import { NullAccess } from './defects.ts';
import { isSuperUser } from './identity.ts';
import { isLike } from './like.ts';
import type { NodeRecord } from './records.ts';
import { isSingleVersion, parseVersionRange } from './version.ts';

/**
 * Whether a node may not be put on this pattern: it must exist, in the node's org or public. PATCH also wants the node to
 * have no use for a policy yet.
 */
export function unknownPattern(call: Call, id: string, node: NodeRecord | undefined, method: 'PUT' | 'PATCH'): boolean {
  const pattern = call.hub.store.patterns.get(id);
  if (pattern === undefined) return true;
  if (isSuperUser(call.identity)) return false;
  if (!pattern.public && pattern.organization !== call.param('org')) return true;
  if (method === 'PUT') return false;
  const open = node !== undefined && (node.pattern !== '' || node.publicKey === '');
  return !open || !(pattern.public || pattern.organization === node.organization);
}

/** User input that names no service: the real one finds out in the database. */
export class UnnamedService extends Error {
  constructor() {
    super('Batch entry 0 insert into "search_service" was aborted: ERROR: null value violates not-null constraint');
    this.name = 'UnnamedService';
  }
}

/** The services of a node's user input that are not there, written as the error text has them. */
export function unknownServices(call: Call, inputs: readonly UserInput[]): string | undefined {
  const everything = isSuperUser(call.identity);
  const organization = call.param('org');
  const visible = [...call.hub.store.services.values()].filter(
    (service) => everything || service.organization === organization || service.public,
  );
  const wanted = inputs.map((input) => {
    if (input === null)
      throw new NullAccess('Cannot invoke "OneUserInputService.serviceArch()" because "service" is null');
    const { serviceOrgid: org, serviceUrl: url, serviceArch, serviceVersionRange } = input;
    if (org === null || url === null) throw new UnnamedService();
    const arch = (serviceArch ?? '') === '' ? '%' : (serviceArch ?? '');
    return { org, url, arch, version: singleVersion(serviceVersionRange ?? '[0,1]') };
  });
  const missing = wanted.filter(
    ({ org, url, arch, version }) =>
      !visible.some(
        (service) =>
          service.organization === org &&
          service.url === url &&
          isLike(service.arch, arch) &&
          isLike(service.version, version),
      ),
  );
  if (missing.length === 0) return undefined;
  const texts = missing.map(({ org, url, arch, version }) => `${org}/${url}_${version}_${arch}`);
  return `Vector(${[...new Set(texts)].join(', ')})`;
}

/** The one version of a range that has room for one only; any otherwise. */
function singleVersion(range: string): string {
  if (!isSingleVersion(range)) return '%';
  const floor = parseVersionRange(range)?.floor;
  return floor === undefined || floor.infinite ? 'infinity' : floor.parts.join('.');
}
