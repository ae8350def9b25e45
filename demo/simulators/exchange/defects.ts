/**
 * Where the real Exchange trips over its own code (a null where it expects none, a text where it expects a boolean), it
 * answers 502 `database-connection-error` with the exception's text. These errors stand for that.
 */
export class NullAccess extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'NullAccess';
  }
}

/** A value of a type that JSON let through but the code behind cannot use. */
export class CastFailure extends Error {
  constructor(message = 'java.lang.ClassCastException') {
    super(message);
    this.name = 'CastFailure';
  }
}

/** The value, or the failure that a null has in store for the code that uses it. */
export function notNull<T>(value: T | null, use: string): T {
  if (value === null) throw new NullAccess(`Cannot invoke "${use}" because it is null`);
  return value;
}
