/** What can go wrong, as users meet it. A closed list: tests and docs enumerate it. */
export type ErrorCode =
  | 'USAGE'
  | 'SOURCE_INVALID'
  | 'SOURCE_MISSING'
  | 'SETTING_MISSING'
  | 'KEY_UNUSABLE'
  | 'SIGNATURE_INVALID'
  | 'DIST_TAMPERED'
  | 'IMAGE_UNLOCKED'
  | 'DOCKER_UNAVAILABLE'
  | 'HUB_UNREACHABLE'
  | 'HUB_UNTRUSTED'
  | 'HUB_DENIED'
  | 'HUB_REJECTED'
  | 'HUB_TOO_OLD'
  | 'HUB_CONFLICT'
  | 'INCOMPATIBLE'
  | 'ENVELOPE_INVALID'
  | 'KUBEARMOR_UNAVAILABLE'
  | 'NODE_UNREACHABLE'
  | 'STATE_UNWRITABLE'
  | 'ALREADY_RUNNING'
  | 'INTERRUPTED'
  | 'INTERNAL';

/** Where the cause sits: a position in a source file, or a request (method and URL, never credentials). */
export type Where =
  | { readonly file: string; readonly line?: number; readonly column?: number }
  | { readonly request: string };

/** The shape in which `--json` prints an error. */
export interface ErrorReport {
  readonly code: ErrorCode;
  readonly message: string;
  readonly where: string;
  readonly fix: string;
}

/** An error a user can act on: what, where, and how to fix it. Printed as one line. */
export class ArmorError extends Error {
  readonly code: ErrorCode;
  readonly where: Where;
  readonly fix: string;

  constructor(code: ErrorCode, message: string, where: Where, fix: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'ArmorError';
    this.code = code;
    this.where = where;
    this.fix = fix;
  }

  override toString(): string {
    return `${describeWhere(this.where)}: ${this.message} (${this.code}). ${this.fix}`;
  }

  toJSON(): ErrorReport {
    return { code: this.code, message: this.message, where: describeWhere(this.where), fix: this.fix };
  }
}

/** `file:line:column`, or the request. */
export function describeWhere(where: Where): string {
  if ('request' in where) return where.request;
  return [where.file, where.line, where.column].filter((part) => part !== undefined).join(':');
}

/** Several errors found in one pass (a validation, say): printed one per line, exit status of the first. */
export class ArmorErrors extends Error {
  readonly errors: readonly [ArmorError, ...ArmorError[]];

  constructor(errors: readonly [ArmorError, ...ArmorError[]]) {
    super(errors.map(String).join('\n'));
    this.name = 'ArmorErrors';
    this.errors = errors;
  }
}
