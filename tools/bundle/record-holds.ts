import { entriesOf } from './source-files.ts';
import { digest, digestOf, digestOfNames, type SourceRecord } from './source-record.ts';
import { readSourceText } from './source-text.ts';
import type { Variables } from './variables.ts';

/** Whether everything that a load looked at is as it was. */
export async function recordHolds(record: SourceRecord, root: string, environment: Variables): Promise<boolean> {
  const variables = Object.entries(record.variables).every(([name, value]) => digestOf(environment, name) === value);
  if (!variables) return false;
  const checks = await Promise.all([
    ...Object.entries(record.files).map(async ([file, value]) => (await digestOfFile(root, file)) === value),
    ...Object.entries(record.folders).map(async ([folder, value]) => (await digestOfFolder(root, folder)) === value),
  ]);
  return checks.every(Boolean);
}

async function digestOfFile(root: string, file: string): Promise<string> {
  return readSourceText(root, file).then(digest, () => '');
}

async function digestOfFolder(root: string, folder: string): Promise<string> {
  return entriesOf(root, folder).then(digestOfNames, () => '');
}
