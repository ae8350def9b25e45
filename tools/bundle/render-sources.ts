import { mkdir, readFile, realpath, rename, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Settings } from '#tools/settings.ts';
import { signText, textIsSigned } from '#tools/signing/signature.ts';
import type { Signer } from '#tools/signing/signer.ts';
import { environmentOf } from './bundle-variables.ts';
import { recordHolds } from './record-holds.ts';
import { type SourceRecord, SourceRecorder } from './source-record.ts';
import { toolFingerprint } from './tool-fingerprint.ts';
import type { Publishable, Warning } from './types.ts';

/** What a bundle's sources say, ready to be signed. */
export interface RenderedSources {
  readonly publishable: Publishable;
  readonly warnings: readonly Warning[];
}

/** What the last rendering gave, and what it was made of. */
interface Remembered extends RenderedSources {
  readonly tool: string;
  readonly record: SourceRecord;
}

/**
 * Loads, validates and renders a bundle; or takes what the last run rendered, when every file, folder and variable that
 * it looked at is unchanged, and this program too. Reading YAML and checking it costs far more than seeing that. What is
 * remembered is signed with the publisher's key: whatever else is found there is not believed.
 *
 * @throws ArmorErrors with everything that is wrong with the sources
 */
export async function renderSources(
  dir: string,
  settings: Pick<Settings, 'org' | 'variables'>,
  signer: Signer,
): Promise<RenderedSources> {
  const root = await realpath(dir).catch(() => dir);
  const memory = join(root, '.horizon-armor', 'rendered.json');
  const tool = toolFingerprint();
  const environment = environmentOf(settings);
  const remembered = await recall(memory, signer);
  if (remembered?.tool === tool && (await recordHolds(remembered.record, root, environment))) return remembered;
  const [{ loadBundle }, { render }] = await Promise.all([import('./load-bundle.ts'), import('./render.ts')]);
  const recorder = new SourceRecorder();
  const bundle = await loadBundle(dir, settings, recorder);
  const rendered = { publishable: render(bundle, signer.keyId), warnings: bundle.warnings };
  await remember(memory, { ...rendered, tool, record: recorder.record(environment) }, signer);
  return rendered;
}

async function recall(memory: string, signer: Signer): Promise<Remembered | undefined> {
  const text = await readFile(memory, 'utf8').catch(() => '');
  const end = text.indexOf('\n');
  const body = text.slice(end + 1);
  if (end < 0 || !textIsSigned(body, text.slice(0, end), signer.publicKey)) return undefined;
  // Signed by the key that signs everything else: it is what remember() wrote.
  const remembered: Remembered = JSON.parse(body);
  return remembered;
}

/** A memory that can not be written is none: the next run is slower, that is all. */
async function remember(memory: string, remembered: Remembered, signer: Signer): Promise<void> {
  const body = JSON.stringify(remembered);
  const text = `${await signText(body, signer.privateKey)}\n${body}`;
  const temporary = `${memory}.${process.pid}.tmp`;
  try {
    await mkdir(dirname(memory), { recursive: true, mode: 0o700 });
    await writeFile(temporary, text, { mode: 0o600 });
    await rename(temporary, memory);
  } catch {
    // Nothing depends on it.
  }
}
