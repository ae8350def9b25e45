/** What a route answers: JSON, plain text, or nothing. */
export interface Answer {
  readonly status: number;
  readonly json?: unknown;
  readonly text?: string;
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

/** By lower-case name, as text: containers as JSON, in which an optional field that is not there leaves no trace. */
export function attributesOf(view: Readonly<Record<string, unknown>>): Map<string, string> {
  return new Map(
    Object.entries(view).map(([name, value]) => [
      name.toLowerCase(),
      typeof value === 'object' ? JSON.stringify(value, withoutNulls) : String(value),
    ]),
  );
}

function withoutNulls(key: string, value: unknown): unknown {
  return value === null && key !== 'value' && Number.isNaN(Number(key || 'x')) ? undefined : value;
}

/** What PostgreSQL said, where the Exchange gives the exception itself and not only its words. */
export function databaseError(words: string): string {
  return `org.postgresql.util.PSQLException: ${words}`;
}

/** PostgreSQL's words for a second row with the same key; the Exchange passes them on. */
export function duplicateKey(constraint: string, columns: string, values: string): string {
  return `ERROR: duplicate key value violates unique constraint "${constraint}"\n  Detail: Key (${columns})=(${values}) already exists.`;
}

/** The same for a thing in an org that does not exist. */
export function missingOrg(table: string, organization: string): string {
  return missingParent(table, 'orgid_fk', 'orgid', organization, 'orgs');
}

/** PostgreSQL's words for a row with a null where there must be none; nulls are complained about before missing parents. */
export function nullColumn(table: string, column: string): string {
  return `ERROR: null value in column "${column}" of relation "${table}" violates not-null constraint`;
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
