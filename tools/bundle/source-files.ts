import type { Dirent } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { ArmorError } from '#errors';
import type { Problems } from './problems.ts';
import type { SourceRecorder } from './source-record.ts';

/** Where the catalogue's templates are. */
export const HARDENING = 'services/kubearmor/hardening';

/** Names end up in ids of the Exchange and of MMS, where anything else stalls agents (reference/exchange-mms.md §0). */
const SAFE_NAME = /^[A-Za-z0-9][A-Za-z0-9._-]*$/;

/** The files of a bundle, relative to it, each with the name it gives to what is in it. */
export interface SourceFile {
  readonly file: string;
  readonly name: string;
}

/** A service's definition, and its policy where it has one. */
export interface ServiceFiles extends SourceFile {
  readonly policyFile?: string;
}

/** `<folder>/*.yaml`, in order; a folder that is missing has none. Names that can not be ids are problems. */
export async function listSources(
  root: string,
  folder: string,
  problems: Problems,
  recorder?: SourceRecorder,
): Promise<SourceFile[]> {
  const entries = (await problems.gather(() => entriesOf(root, folder, recorder))) ?? [];
  const files = entries.filter((entry) => !entry.isDirectory() && /\.ya?ml$/i.test(entry.name));
  return files.flatMap(({ name: base }) => {
    const file = `${folder}/${base}`;
    const name = base.slice(0, -'.yaml'.length);
    if (!base.endsWith('.yaml')) problems.add(refuse(file, 'sources end in .yaml', 'Rename it.'));
    else if (SAFE_NAME.test(name)) return [{ file, name }];
    else problems.add(refuse(file, `"${name}" can not be an id`, 'Use letters, digits, dots, dashes and underscores.'));
    return [];
  });
}

/** `services/<name>/service.yaml`; a folder with YAML but without one is a mistake. */
export async function listServices(
  root: string,
  problems: Problems,
  recorder?: SourceRecorder,
): Promise<ServiceFiles[]> {
  const entries = (await problems.gather(() => entriesOf(root, 'services', recorder))) ?? [];
  const folders = entries.filter((entry) => entry.isDirectory());
  const services = await Promise.all(folders.map(({ name }) => problems.gather(() => serviceIn(root, name, recorder))));
  return services.flatMap((service) => service ?? []);
}

async function serviceIn(root: string, name: string, recorder?: SourceRecorder): Promise<ServiceFiles[]> {
  const folder = `services/${name}`;
  const files = (await entriesOf(root, folder, recorder)).map((entry) => entry.name);
  const policyFile = files.includes('service.policy.yaml') ? { policyFile: `${folder}/service.policy.yaml` } : {};
  if (files.includes('service.yaml')) return [{ file: `${folder}/service.yaml`, name, ...policyFile }];
  if (!files.some((file) => /\.ya?ml$/i.test(file))) return [];
  const fix = 'Add it, or rename what should be it.';
  throw new ArmorError('SOURCE_MISSING', 'there is no service.yaml', { file: folder }, fix);
}

/** What is in a folder, in order; nothing when it is not there. */
export async function entriesOf(root: string, folder: string, recorder?: SourceRecorder): Promise<Dirent[]> {
  const entries = await readdir(join(root, folder), { withFileTypes: true }).catch((cause: NodeJS.ErrnoException) => {
    if (cause.code === 'ENOENT') return [];
    const message = `it can not be listed (${cause.code})`;
    throw new ArmorError('SOURCE_MISSING', message, { file: folder }, 'Mend its permissions.', { cause });
  });
  const sorted = entries.sort((a, b) => (a.name < b.name ? -1 : 1));
  recorder?.sawFolder(folder, sorted);
  return sorted;
}

function refuse(file: string, message: string, fix: string): ArmorError {
  return new ArmorError('SOURCE_INVALID', message, { file }, fix);
}
