import { existsSync, readFileSync } from 'node:fs';
import test from 'ava';
import { type ParsedDocument, parseText, type ValuePath } from '#policy/document.ts';
import type { Finding } from '#policy/finding.ts';
import { isFields } from '#policy/flat-rules.ts';
import { lintParsed, lintText } from '#policy/lint/index.ts';
import { repairText } from '#policy/lint/repair.ts';
import { referenceFile, testWith } from '#test/support/reference.ts';

/** Policies that people really wrote (reference/data/policy-corpus), and those of them that KubeArmor's CRD refuses. */
const MANIFEST = 'policy-corpus-manifest.json';
const manifest = referenceFile(MANIFEST);

interface Entry {
  readonly file: string;
  readonly valid: boolean;
  readonly error?: readonly string[];
}

const entries: readonly Entry[] = existsSync(manifest) ? JSON.parse(readFileSync(manifest, 'utf8')) : [];
const withCorpus = testWith(MANIFEST);
const read = ({ file, valid }: Entry) =>
  readFileSync(referenceFile(`${valid ? 'policy-corpus' : 'policy-corpus-invalid'}/${file}`), 'utf8');

withCorpus('what KubeArmor takes has no error, except a selector that it answers Invalid to', (t) => {
  const wrong = entries
    .filter(({ valid }) => valid)
    .flatMap((entry) => {
      const text = read(entry);
      const { documents } = parseText(text);
      return lintText(text, entry.file)
        .filter(({ severity }) => severity === 'error')
        .filter(({ rule }) => rule !== 'KA101' || documents.every(selects))
        .map(({ file, line, rule, message }) => `${file}:${line} ${rule} ${message}`);
    });
  t.deepEqual(wrong, []);
});

/** KubeArmor outside Kubernetes reads matchLabels only (reference/data/captures/kubearmor, v-noselector). */
function selects({ value }: ParsedDocument): boolean {
  const spec = isFields(value) && isFields(value.spec) ? value.spec : {};
  return isFields(spec.selector) && isFields(spec.selector.matchLabels);
}

for (const entry of entries.filter(({ valid }) => !valid)) {
  test(`refuses ${entry.file} at its fault`, (t) => {
    const text = read(entry);
    const errors = lintText(text, entry.file).filter(({ severity }) => severity === 'error');
    for (const fault of entry.error ?? [])
      t.true(isFound(text, fault, errors), `${fault} among ${JSON.stringify(errors)}`);
  });
}

/** A fault as the manifest writes it: `doc0.spec.file.matchPaths[0].path: …`, or `YAML: …` for a tab. */
function isFound(text: string, fault: string, errors: readonly Finding[]): boolean {
  if (fault.startsWith('YAML:')) {
    const lines = text.split('\n');
    return errors.some(({ line, column }) => lines[line - 1]?.[column - 1] === '\t');
  }
  const [, document = '', rest = ''] = /^doc(\d+)\.?([\w.[\]]*)/.exec(fault) ?? [];
  const path: ValuePath = (rest.match(/\w+/g) ?? []).map((step) => (/^\d+$/.test(step) ? Number(step) : step));
  const parsed = parseText(text).documents[Number(document)];
  const lines = [parsed?.keyPositionOf(path)?.line, parsed?.positionOf(path)?.line];
  return errors.some(({ line }) => lines.includes(line));
}

withCorpus('repairs of what people wrote change no line but those of findings, and lead to an end', (t) => {
  for (const entry of entries) {
    const text = read(entry);
    const lint = (parsed: ReturnType<typeof parseText>) => lintParsed(parsed, entry.file).findings;
    const once = repairText(text, { json: false }, lint);
    t.is(repairText(once.text, { json: false }, lint).count, 0, entry.file);
    const before = text.split('\n');
    const lines = new Set(once.text.split('\n'));
    const found = new Set(lintText(text, entry.file).map(({ line }) => line));
    before.forEach((line, index) => {
      if (!lines.has(line)) t.true(found.has(index + 1), `${entry.file}:${index + 1}`);
    });
  }
});

withCorpus('findings say the same every time', (t) => {
  for (const entry of entries.filter((_, index) => index % 10 === 0)) {
    const text = read(entry);
    const once = lintText(text, entry.file);
    t.deepEqual(lintText(text, entry.file), once);
    t.deepEqual(
      once,
      once.toSorted(
        (a, b) => a.line - b.line || a.column - b.column || (a.rule < b.rule ? -1 : a.rule > b.rule ? 1 : 0),
      ),
    );
  }
});
