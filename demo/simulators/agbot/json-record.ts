/** A JSON object as the Exchange sends it. */
export type JsonRecord = Readonly<Record<string, unknown>>;

export const isRecord = (value: unknown): value is JsonRecord =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

export const record = (value: unknown): JsonRecord => (isRecord(value) ? value : {});

export const records = (value: unknown): JsonRecord[] => (Array.isArray(value) ? value.filter(isRecord) : []);

export const text = (value: unknown): string => (typeof value === 'string' ? value : '');
