import { ArmorError } from '#errors';

/** An MMS object as the ESS lists it (reference/exchange-mms.md §C.3). Numbers that exceed 2^53 stay text (§0). */
export interface ListedObject {
  readonly objectId: string;
  /** The publisher's version text. */
  readonly version: string;
  readonly instanceId: string;
  readonly dataId: string;
  readonly deleted: boolean;
  /** Bytes. */
  readonly size: number;
  /** `org/user`, or `org/node` for what a service container sent up. Anybody's: never a reason to trust. */
  readonly ownerId: string;
}

/** Two listings of one object differ in this text when its content may differ (design §7.1). */
export function revisionOf({ version, instanceId, dataId }: ListedObject): string {
  return `${version}/${instanceId}/${dataId}`;
}

/**
 * Reads the ESS's answer to `GET /api/v1/objects/{type}`.
 *
 * @throws ArmorError NODE_UNREACHABLE when the answer is not a list of objects
 */
export function parseListing(text: string): ListedObject[] {
  const value: unknown = parse(text);
  if (!Array.isArray(value)) throw unusable('it is not a list');
  return value.map((entry: unknown) => {
    if (!isRecord(entry) || typeof entry.objectID !== 'string') throw unusable('an entry has no objectID');
    return {
      objectId: entry.objectID,
      version: textOf(entry.version),
      instanceId: textOf(entry.instanceID),
      dataId: textOf(entry.dataID),
      deleted: entry.deleted === true,
      size: Number(textOf(entry.objectSize) || 0),
      ownerId: textOf(entry.ownerID),
    };
  });
}

/** JSON.parse would round instanceID and dataID: their source text is kept instead. */
function parse(text: string): unknown {
  try {
    return JSON.parse(text, (_key, value: unknown, context?: { source?: string }) =>
      typeof value === 'number' && context?.source !== undefined ? context.source : value,
    );
  } catch (error) {
    throw unusable(error instanceof Error ? error.message : String(error));
  }
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function unusable(detail: string): ArmorError {
  return new ArmorError(
    'NODE_UNREACHABLE',
    `the ESS answered its object listing with something else: ${detail}`,
    { request: 'GET /api/v1/objects/{type}' },
    'Look at the Open Horizon agent on this node; the policies in force stay in force meanwhile.',
  );
}
