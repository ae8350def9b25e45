import { ArmorError } from '#errors';
import { parseTemplate, type Template } from '#policy/template.ts';
import { type Attachables, type AttachmentPoint, ownPolicyFile, templateFile } from './attachments.ts';
import type { Problems } from './problems.ts';
import { readSource, readYaml } from './read-source.ts';
import { HARDENING, listServices, listSources, type SourceFile } from './source-files.ts';
import type { SourceRecorder } from './source-record.ts';
import { readSourceText } from './source-text.ts';
import type { ImagesLockFile } from './source-types.ts';
import type { BundledService, Named, Source } from './types.ts';
import type { SourceKind, SourceKinds } from './validators.ts';
import type { Variables } from './variables.ts';

export const LOCK_FILE = 'images.lock.yaml';

/** Reads the files of a bundle; what is wrong with any of them is kept, and the others are read all the same. */
export class BundleReader {
  readonly #root: string;
  readonly #variables: Variables;
  readonly #problems: Problems;
  readonly #recorder: SourceRecorder;

  constructor(root: string, variables: Variables, problems: Problems, recorder: SourceRecorder) {
    this.#root = root;
    this.#variables = variables;
    this.#problems = problems;
    this.#recorder = recorder;
  }

  /** Every source of a folder. */
  async all<Kind extends SourceKind>(folder: string, kind: Kind): Promise<Named<SourceKinds[Kind]>[]> {
    const files = await listSources(this.#root, folder, this.#problems, this.#recorder);
    const sources = await Promise.all(files.map((file) => this.#named(file, kind)));
    return sources.flatMap((source) => source ?? []);
  }

  async services(): Promise<BundledService[]> {
    const files = await listServices(this.#root, this.#problems, this.#recorder);
    const services = await Promise.all(
      files.map(async ({ policyFile, ...file }): Promise<BundledService[]> => {
        const [definition, policy] = await Promise.all([
          this.#named(file, 'service'),
          policyFile === undefined
            ? undefined
            : this.#problems.gather(() => this.#source(policyFile, 'service-policy')),
        ]);
        return definition === undefined ? [] : [{ definition, ...(policy && { policy }) }];
      }),
    );
    return services.flat();
  }

  /** A bundle without a lock has locked nothing: each image is then warned about. */
  async lock(): Promise<Source<ImagesLockFile>> {
    const none = { file: LOCK_FILE, value: { images: {} }, locate: () => ({ line: 1, column: 1 }) };
    const lock = await this.#problems.gather(() =>
      this.#source(LOCK_FILE, 'images-lock').catch((error: unknown) => {
        if (error instanceof ArmorError && error.code === 'SOURCE_MISSING') return none;
        throw error;
      }),
    );
    return lock ?? none;
  }

  /** Each template and own policy that something attaches, once. */
  async attachables(points: readonly AttachmentPoint[]): Promise<Attachables> {
    const listed = await listSources(this.#root, HARDENING, this.#problems, this.#recorder);
    const templateIds = listed.map(({ name }) => name);
    const uses = points.flatMap(({ attachments }) => attachments.flatMap(({ attachment: { use } }) => use ?? []));
    const files = points.flatMap(({ source, attachments }) =>
      attachments.flatMap(({ attachment: { file } }) => (file === undefined ? [] : [ownPolicyFile(source.file, file)])),
    );
    const [templates, ownPolicies] = await Promise.all([
      this.#each(
        uses.filter((id) => templateIds.includes(id)),
        (id) => this.#template(id),
      ),
      this.#each(files, (file) => readYaml(this.#root, file, this.#variables, this.#recorder)),
    ]);
    return { templates, templateIds, ownPolicies };
  }

  async #each<T>(names: readonly string[], read: (name: string) => Promise<T>): Promise<Map<string, T>> {
    const entries = await Promise.all(
      [...new Set(names)].map((name) =>
        this.#problems.gather(async (): Promise<[string, T]> => [name, await read(name)]),
      ),
    );
    return new Map(entries.flatMap((entry) => (entry === undefined ? [] : [entry])));
  }

  async #template(id: string): Promise<Template> {
    const file = templateFile(id);
    return parseTemplate(await readSourceText(this.#root, file, this.#recorder), file);
  }

  async #named<Kind extends SourceKind>(
    { file, name }: SourceFile,
    kind: Kind,
  ): Promise<Named<SourceKinds[Kind]> | undefined> {
    const source = await this.#problems.gather(() => this.#source(file, kind));
    return source === undefined ? undefined : { ...source, name };
  }

  #source<Kind extends SourceKind>(file: string, kind: Kind): Promise<Source<SourceKinds[Kind]>> {
    return readSource(this.#root, file, kind, this.#variables, this.#recorder);
  }
}
