/**
 * Where the real Exchange trips over its own code (a null where it expects none, a text where it expects a boolean), it
 * answers 502 `database-connection-error` with the exception's text. `Defect` and its kinds stand for that.
 */
export class Defect extends Error {}

/** A null where the code expects none. */
export class NullAccess extends Defect {
  constructor(message: string) {
    super(message);
    this.name = 'NullAccess';
  }
}

/** A value of a type that JSON let through but the code behind cannot use. */
export class CastFailure extends Defect {
  constructor(message = 'java.lang.ClassCastException') {
    super(message);
    this.name = 'CastFailure';
  }
}

/** Rows that the database does not take, written in one go. */
export class BatchFailure extends Defect {
  constructor(table: string, index: number, cause: string) {
    super(
      `Batch entry ${index} insert into "${table}" was aborted: ${cause}  Call getNextException to see other errors in the batch.`,
    );
    this.name = 'BatchFailure';
  }
}

/** Stored JSON that the Exchange cannot read back as what it should be: 400 with json4s' text. */
export class Unreadable extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'Unreadable';
  }
}

/** A map that anything may be stored in, but that is read as booleans. */
export function booleansOf(values: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const wrong = Object.values(values).find((value) => value !== null && typeof value !== 'boolean');
  if (wrong !== undefined) throw new Unreadable(`Do not know how to convert ${inJson4s(wrong)} into boolean`);
  return values;
}

function inJson4s(value: unknown): string {
  if (typeof value === 'string') return `JString(${value})`;
  if (typeof value === 'number') return `${Number.isInteger(value) ? 'JInt' : 'JDouble'}(${value})`;
  if (Array.isArray(value)) return `JArray(List(${value.map(inJson4s).join(', ')}))`;
  if (typeof value !== 'object' || value === null) return value === null ? 'JNull' : `JBool(${value})`;
  const fields = Object.entries(value).map(([key, item]) => `(${key},${inJson4s(item)})`);
  return `JObject(List(${fields.join(', ')}))`;
}

/** The value, or the failure that a null has in store for the code that uses it. */
export function notNull<T>(value: T | null, use: string): T {
  if (value === null) throw new NullAccess(`Cannot invoke "${use}" because it is null`);
  return value;
}
