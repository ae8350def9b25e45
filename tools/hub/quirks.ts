/**
 * Where the Exchange and the CSS differ from what one would expect. Each entry names its source; the rest of the program
 * talks to them as if they were regular. Source: reference/exchange-mms.md §0, §A.3, §F.
 */

/** Below this version of the Exchange hzn refuses to work with it as well (§A.15). */
export const OLDEST_EXCHANGE = '2.124.0';

/** Bodies above this many bytes are a 400 with a text nobody understands (§0). */
export const LARGEST_BODY = 8_388_608;

/** An empty list is a 404 with an empty map (§F.3): for a listing that means "none", not "missing". */
export function isEmptyListing(status: number): boolean {
  return status === 404;
}

/** A duplicate create is a 403, as are missing rights and exceeded limits (§F.1): only a second look can tell. */
export function mayBeDuplicate(status: number): boolean {
  return status === 403 || status === 409;
}

/** A key that is written twice at once, or just after its service, can be a 500 once (§0). */
export const KEY_RETRY = [500];

/** `consumers: -1`, "no limit", is stored as this (§0). */
export const UNLIMITED_CONSUMERS = 2_147_483_647;

/** What the CSS gives as the origin of objects that were published here, and not by a node (§0). */
export const PUBLISHED_ORIGIN = 'Cloud';
