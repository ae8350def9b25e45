/**
 * A service's id in the Exchange, without the org: scheme dropped, `$!*,;/?@&~=%` made dashes, version and architecture
 * behind (reference/exchange-mms.md §A.7). Two urls can have one id: `a/b` and `a-b`.
 */
export function serviceId({
  url,
  version,
  arch,
}: {
  readonly url: string;
  readonly version: string;
  readonly arch: string;
}): string {
  return `${idName(url)}_${version}_${arch}`;
}

/** The part of the id that stands for the url: also what MMS placement compares service names with (§C.6). */
export function idName(url: string): string {
  return url.replace(/^[A-Za-z0-9+.-]*?:\/\//, '').replace(/[$!*,;/?@&~=%]/g, '-');
}
