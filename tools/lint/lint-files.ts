import { chmod, realpath, rename, stat, writeFile } from 'node:fs/promises';
import { ArmorError, ArmorErrors } from '#errors';
import { type ParsedText, parseText } from '#policy/document.ts';
import type { Finding, Severity } from '#policy/finding.ts';
import { inOrder, isTemplate, type LintedFinding } from '#policy/lint/engine.ts';
import { type Enforcer, lintParsed } from '#policy/lint/index.ts';
import { repairText } from '#policy/lint/repair.ts';
import { meansPolicy } from '#policy/lint/rules/document.ts';
import { definitionsIn } from '../lint-oh/definition.ts';
import type { LintInput } from './inputs.ts';
import { templateRule } from './template-rule.ts';

/** What lint found in one text. */
export interface LintedFile {
  readonly file: string;
  readonly text: ParsedText;
  readonly findings: readonly LintedFinding[];
  /** Policies of KubeArmor and definitions of Open Horizon in it; 0 where it is neither. */
  readonly recognised: number;
}

export interface LintReport {
  readonly files: readonly LintedFile[];
  /** Named by the user, and nothing that lint knows. */
  readonly unusable: readonly ArmorError[];
  /** In a directory, and nothing that lint knows. */
  readonly passedOver: number;
  /** Faults that were mended. */
  readonly repaired: number;
}

export interface LintFilesOptions {
  readonly enforcer: Enforcer;
  /** Write the mended texts back. */
  readonly fix?: boolean;
}

/** Lints texts one after the other, in the order given. Writes nothing unless `fix` is set. */
export async function lintFiles(inputs: readonly LintInput[], options: LintFilesOptions): Promise<LintReport> {
  const files: LintedFile[] = [];
  const unusable: ArmorError[] = [];
  let passedOver = 0;
  let repaired = 0;
  for (const input of inputs) {
    const mended = options.fix === true ? await repairInput(input, options.enforcer) : { text: input.text, count: 0 };
    repaired += mended.count;
    const linted = await lintOne({ ...input, text: mended.text }, options.enforcer);
    if (linted.recognised > 0 || concernsUs(linted, input)) files.push(linted);
    else if (input.named) unusable.push(nothingKnown(input.file));
    else passedOver += 1;
  }
  return { files, unusable, passedOver, repaired };
}

async function lintOne({ file, text, path }: LintInput, enforcer: Enforcer): Promise<LintedFile> {
  const parsed = parseText(text, { json: isJson(file) });
  const { findings, recognised } = (await linterFor(parsed))(parsed, file, enforcer);
  const header = path === undefined ? [] : await templateFindings(parsed, file, path);
  return {
    file,
    text: parsed,
    recognised,
    findings: header.length === 0 ? findings : inOrder(parsed, [...findings, ...header]),
  };
}

type Linter = (
  text: ParsedText,
  file: string,
  enforcer: Enforcer,
) => { readonly recognised: number; readonly findings: readonly LintedFinding[] };

const lintPolicies: Linter = (text, file, enforcer) => {
  const { findings, policies } = lintParsed(text, file, { enforcer });
  const meant = text.documents.filter(({ value }) => meansPolicy(value)).length;
  return { findings, recognised: Math.max(policies, meant) };
};

/** The rules about Open Horizon are loaded for a text that has something of it only. */
async function linterFor(parsed: ParsedText): Promise<Linter> {
  if (definitionsIn(parsed).length === 0) return lintPolicies;
  const { lintDefinitions } = await import('../lint-oh/index.ts');
  return (text, file, enforcer) => {
    const policies = lintPolicies(text, file, enforcer);
    const { findings, definitions } = lintDefinitions(text, { file, enforcer });
    return {
      recognised: policies.recognised + definitions,
      findings: inOrder(text, [...policies.findings, ...findings]),
    };
  };
}

/** A text that can not be read at all is reported when it was named, or looks like one of ours. */
function concernsUs({ findings, text }: LintedFile, { named }: LintInput): boolean {
  const broken = findings.some(({ severity }) => severity === 'error');
  return broken && (named || /kubearmor|openhorizon|serviceUrl|serviceVersions|objectType|"sharable"/i.test(text.text));
}

/** The header of a hardening template is checked by those who read templates; the module is loaded only for one. */
async function templateFindings(text: ParsedText, file: string, path: string): Promise<LintedFinding[]> {
  if (!text.documents.some(({ value }) => isTemplate(value))) return [];
  const { parseTemplate } = await import('#policy/template.ts');
  try {
    parseTemplate(text.text, path);
    return [];
  } catch (error) {
    const errors = error instanceof ArmorErrors ? error.errors : error instanceof ArmorError ? [error] : undefined;
    if (errors === undefined) throw error;
    return errors.map((each) => templateFinding(each, file));
  }
}

function templateFinding({ where, message, fix }: ArmorError, file: string): LintedFinding {
  const { line = 1, column = 1 } = 'file' in where ? where : {};
  return { file, line, column, rule: templateRule.id, severity: templateRule.severity, message, fix };
}

async function repairInput({ file, path, text }: LintInput, enforcer: Enforcer) {
  const options = { json: isJson(file) };
  const lint = await linterFor(parseText(text, options));
  const mended = repairText(text, options, (parsed) => lint(parsed, file, enforcer).findings);
  if (mended.text !== text && path !== undefined) await replaceFile(path, mended.text);
  return mended;
}

/** The file is replaced as a whole, with its permissions: a cut leaves the old one. */
async function replaceFile(path: string, text: string): Promise<void> {
  const target = await realpath(path);
  const temporary = `${target}.${process.pid}.tmp`;
  try {
    await writeFile(temporary, text);
    await chmod(temporary, (await stat(target)).mode);
    await rename(temporary, target);
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : 'unknown';
    throw new ArmorError(
      'STATE_UNWRITABLE',
      `it can not be written (${code})`,
      { file: path },
      'Mend its permissions.',
      { cause },
    );
  }
}

function isJson(file: string): boolean {
  return /\.json$/i.test(file);
}

function nothingKnown(file: string): ArmorError {
  const message = 'neither a KubeArmor policy nor an Open Horizon definition';
  return new ArmorError('SOURCE_INVALID', message, { file }, 'Name such a file; docs/lint.md lists what lint knows.');
}

/** Findings as `--json` prints them. */
export function plainFindings({ files }: LintReport): Finding[] {
  return files.flatMap(({ findings }) => findings.map(({ repair, document, ...finding }) => finding));
}

export function count({ files }: LintReport, severity: Severity): number {
  return files.reduce(
    (sum, { findings }) => sum + findings.filter((finding) => finding.severity === severity).length,
    0,
  );
}
