import { NullAccess } from './defects.ts';

/** `<org>/<id>`, unless the id has the org already (or there is none). */
export function compositeId(organization: string, id: string): string {
  if (organization === '' || id.startsWith(`${organization}/`) || id.startsWith('root/root')) return id.trim();
  return `${organization.trim()}/${id.trim()}`;
}

/**
 * The id of a service: scheme off, `$!*,;/?@&~=%` to dashes, then `_<version>_<arch>` (reference/exchange-mms.md §A.7).
 * Two urls can therefore share one id.
 */
export function serviceId(
  organization: string | null,
  url: string | null,
  version: string | null,
  arch: string | null,
): string {
  if (url === null) throw new NullAccess('Cannot invoke "java.lang.CharSequence.length()" because "this.text" is null');
  if (organization === null) {
    throw new NullAccess(
      'Cannot invoke "String.trim()" because the return value of "org.openhorizon.exchangeapi.auth.OrgAndId.org()" is null',
    );
  }
  const name = url.replace(/^[A-Za-z0-9+.-]*?:\/\//, '').replace(/[$!*,;/?@&~=%]/g, '-');
  return compositeId(organization, `${name}_${version}_${arch}`);
}

/** The part after the first slash; the whole text when there is none. */
export function localId(id: string): string {
  return id.slice(id.indexOf('/') + 1);
}
