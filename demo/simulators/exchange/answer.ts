/** What a route answers: JSON, plain text, or nothing. */
export interface Answer {
  readonly status: number;
  readonly json?: unknown;
  readonly text?: string;
  /** Given as JSON whatever the client accepts: what the real one refuses before it looks anything up. */
  readonly regardless?: boolean;
}

/** An answer given from the middle of a handler: wrong rights, wrong body, nothing there. */
export class Refusal extends Error {
  readonly answer: Answer;

  constructor(answer: Answer) {
    super(`refused with ${answer.status}`);
    this.name = 'Refusal';
    this.answer = answer;
  }
}

/** A listing: 404 with the same body when it is empty (reference/exchange-mms.md §A.3). */
export function listing(key: string, items: Readonly<Record<string, unknown>>): Answer {
  return { status: Object.keys(items).length === 0 ? 404 : 200, json: { [key]: items, lastIndex: 0 } };
}

/** One attribute of a thing (`?attribute=`), always as text. */
export function attribute(name: string, value: string): Answer {
  return { status: 200, json: { attribute: name, value } };
}

/** PostgreSQL's words for a second row with the same key; the Exchange passes them on. */
export function duplicateKey(constraint: string, columns: string, values: string): string {
  return `ERROR: duplicate key value violates unique constraint "${constraint}"\n  Detail: Key (${columns})=(${values}) already exists.`;
}

/** PostgreSQL's words for a row whose parent is missing. */
export function missingParent(
  table: string,
  constraint: string,
  column: string,
  value: string,
  parent: string,
): string {
  return `ERROR: insert or update on table "${table}" violates foreign key constraint "${constraint}"\n  Detail: Key (${column})=(${value}) is not present in table "${parent}".`;
}
