import { basename, dirname, resolve } from 'node:path';
import { Ajv } from 'ajv';
import { parse } from 'yaml';
import { ArmorError, ArmorErrors } from '#errors';
import { lazy } from '#policy/lazy.ts';
import { readYaml } from '#tools/bundle/read-source.ts';
import { schemaProblems } from '#tools/bundle/schema-problem.ts';
import type { Attachment, Property, Source } from '#tools/bundle/types.ts';
import type { Variables } from '#tools/bundle/variables.ts';
import common from '#tools/schemas/common.schema.json' with { type: 'json' };
import liveSchema from '#tools/schemas/live-policy.schema.json' with { type: 'json' };

/** What a live policy says: for whom, where it goes, and which policies it carries. */
export interface LiveFile {
  readonly description?: string;
  readonly host?: true;
  readonly service?: {
    readonly name: string;
    readonly org?: string;
    readonly arch?: string;
    readonly versionRange?: string;
  };
  readonly properties?: readonly Property[];
  readonly constraints?: readonly string[];
  readonly patterns?: readonly string[];
  readonly securityPolicies:
    | readonly Attachment[]
    | { readonly inherit?: boolean; readonly policies: readonly Attachment[] };
}

/** A live policy and the directory that its own policy files are relative to. */
export interface LiveSource extends Source<LiveFile> {
  readonly root: string;
}

/** What a live policy that was not read from a file is called in errors. */
export const COMMAND_LINE = 'command line';

/** The short form: one template or one policy file, said on the command line. */
export interface LiveOptions {
  readonly from?: string;
  readonly host?: boolean;
  readonly service?: string;
  readonly serviceOrg?: string;
  readonly container?: string;
  readonly arch?: string;
  readonly versions?: string;
  readonly use?: string;
  readonly set?: readonly string[];
  readonly file?: string;
  readonly constraint?: readonly string[];
  readonly pattern?: readonly string[];
  readonly description?: string;
}

const validator = lazy(() =>
  new Ajv({ allErrors: true, verbose: true, strict: true, allowUnionTypes: true, strictRequired: false })
    .addSchema(common, 'common.schema.json')
    .compile<LiveFile>(liveSchema),
);

/**
 * The live policy that a call means: a file under --from, or the short form.
 *
 * @throws ArmorErrors SOURCE_MISSING, SOURCE_INVALID, USAGE
 */
export async function readLive(cwd: string, options: LiveOptions, variables: Variables): Promise<LiveSource> {
  if (options.from === undefined) return check(shortForm(cwd, options));
  const short = Object.entries(options).filter(([name, value]) => name !== 'from' && value !== undefined);
  if (short.length > 0) {
    const names = short.map(([name]) => `--${name}`).join(', ');
    throw new ArmorError('USAGE', `--from and ${names}`, { request: 'policy' }, 'Write it all into the file.');
  }
  const path = resolve(cwd, options.from);
  const [root, file] = [dirname(path), basename(path)];
  const { value, locate, locateKey } = await readYaml(root, file, variables);
  return check({ root, file, value, locate, locateKey });
}

interface Unchecked extends Omit<LiveSource, 'value'> {
  readonly value: unknown;
  readonly locateKey: Source<LiveFile>['locate'];
}

function check({ locateKey, value, ...source }: Unchecked): LiveSource {
  const isLiveFile = validator();
  if (isLiveFile(value)) return { ...source, value };
  const yaml = { value, locate: source.locate, locateKey };
  const [first, ...rest] = schemaProblems(isLiveFile.errors ?? [], yaml, source.file);
  const fallback = new ArmorError('SOURCE_INVALID', 'no live policy', { file: source.file }, 'See docs/day-2.md.');
  throw new ArmorErrors([first ?? fallback, ...rest]);
}

function shortForm(cwd: string, options: LiveOptions): Unchecked {
  const { use, file, host, service, serviceOrg: org, arch, versions: versionRange } = options;
  if ((use === undefined) === (file === undefined)) throw usage('give either --use or --file, or --from');
  if ((host === true) === (service !== undefined)) throw usage('say whom it protects: --service or --host');
  const ofService = Object.entries({ container: options.container, arch, versions: versionRange, 'service-org': org })
    .filter(([, value]) => value !== undefined)
    .map(([name]) => `--${name}`);
  if (host === true && ofService.length > 0) throw usage(`${ofService.join(', ')} belongs to --service`);
  const path = file === undefined ? undefined : resolve(cwd, file);
  const attachment = {
    ...(use !== undefined && { use }),
    ...(path !== undefined && { file: basename(path) }),
    ...(options.set !== undefined && { with: valuesOf(options.set) }),
    ...(options.container !== undefined && { container: options.container }),
  };
  const start = () => ({ line: 1, column: 1 });
  return {
    root: path === undefined ? cwd : dirname(path),
    file: path === undefined ? COMMAND_LINE : basename(path),
    locate: start,
    locateKey: start,
    value: {
      ...(host === true
        ? { host }
        : {
            service: {
              name: service,
              ...(org && { org }),
              ...(arch && { arch }),
              ...(versionRange && { versionRange }),
            },
          }),
      ...(options.description !== undefined && { description: options.description }),
      ...(options.constraint !== undefined && { constraints: options.constraint }),
      ...(options.pattern !== undefined && { patterns: options.pattern }),
      securityPolicies: [attachment],
    },
  };
}

/** `name=value` with the value in YAML: `action=Block`, `directories=[/config/]`, `severity=7`. */
function valuesOf(pairs: readonly string[]): Record<string, unknown> {
  return Object.fromEntries(
    pairs.map((pair) => {
      const at = pair.indexOf('=');
      if (at < 1) throw usage(`--set ${JSON.stringify(pair)} is not name=value`);
      try {
        return [pair.slice(0, at), parse(pair.slice(at + 1))];
      } catch {
        throw usage(`the value of --set ${JSON.stringify(pair)} is not YAML`);
      }
    }),
  );
}

function usage(message: string): ArmorError {
  return new ArmorError('USAGE', message, { request: 'policy' }, 'hzn-armor policy add --help shows the forms.');
}
