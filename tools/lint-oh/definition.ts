import type { ParsedDocument, ParsedText, ValuePath } from '#policy/document.ts';
import { type Fields, isFields } from '#policy/flat-rules.ts';

/** What an Open Horizon file defines (reference/anax.md §1, §4, §6; reference/exchange-mms.md §A.7–A.11, §C.3). */
export type DefinitionKind =
  | 'service'
  | 'deployment policy'
  | 'pattern'
  | 'node policy'
  /** A service policy, or a node policy without sections: they look the same. */
  | 'policy'
  | 'management policy'
  | 'user input'
  | 'MMS object';

/** One definition of a document, in the place where it stands. */
export interface Definition {
  readonly kind: DefinitionKind;
  readonly value: unknown;
  /** The value where it is a map; empty otherwise. */
  readonly fields: Fields;
  /** Where the value stands in the document. */
  readonly base: ValuePath;
  readonly document: ParsedDocument;
  /** JSON is what hzn and the Exchange take as it is; YAML is a source of a bundle, which is rendered first. */
  readonly json: boolean;
  /** The text of the whole file. */
  readonly text: string;
}

/** Every definition in a text. */
export function definitionsIn({ documents, format, text }: ParsedText): Definition[] {
  const json = format === 'json' || /^\s*(?:\/\*|[{[])/.test(text);
  return documents.flatMap((document) => definitionOf(document, json, text) ?? []);
}

/** What a document defines; undefined for what is nothing of Open Horizon's. */
function definitionOf(document: ParsedDocument, json: boolean, text: string): Definition | undefined {
  const { value } = document;
  const place = (kind: DefinitionKind, at: unknown, base: ValuePath): Definition => ({
    kind,
    value: at,
    fields: isFields(at) ? at : {},
    base,
    document,
    json,
    text,
  });
  if (Array.isArray(value))
    return value.length > 0 && value.every(isUserInput) ? place('user input', value, []) : undefined;
  if (!isFields(value) || value.apiVersion !== undefined || value.$schema !== undefined) return undefined;
  if (isFields(value.meta) && isObjectMeta(value.meta)) return place('MMS object', value.meta, ['meta']);
  const kind = kindOf(value);
  return kind === undefined ? undefined : place(kind, value, []);
}

function kindOf(value: Fields): DefinitionKind | undefined {
  if (isObjectMeta(value)) return 'MMS object';
  if (isFields(value.service) && has(value.service, 'name', 'serviceVersions')) return 'deployment policy';
  if (Array.isArray(value.services) && value.services.some((each) => isFields(each) && has(each, 'serviceUrl'))) {
    return 'pattern';
  }
  if (isLegacyUserInput(value)) return 'user input';
  if (typeof value.url === 'string' && has(value, 'version', 'arch', 'sharable', 'deployment')) return 'service';
  if (
    has(value, 'agentUpgradePolicy', 'agentImagePolicy') ||
    ('enabled' in value && has(value, 'start', 'startWindow'))
  ) {
    return 'management policy';
  }
  if (isPolicySection(value.deployment) || isPolicySection(value.management)) return 'node policy';
  return isPolicySection(value) && Object.keys(value).every((key) => POLICY_FIELDS.has(key)) ? 'policy' : undefined;
}

const POLICY_FIELDS = new Set([
  ...['label', 'description', 'properties', 'constraints', 'deployment', 'management', 'nodePolicyVersion'],
  ...['securityPolicies', 'lastUpdated', 'owner', 'created'],
]);

function isObjectMeta(value: Fields): boolean {
  return typeof value.objectID === 'string' || typeof value.objectType === 'string';
}

function isUserInput(value: unknown): boolean {
  return isFields(value) && has(value, 'serviceUrl') && has(value, 'inputs', 'serviceOrgid');
}

function isLegacyUserInput({ services }: Fields): boolean {
  return (
    Array.isArray(services) && services.some((each) => isFields(each) && has(each, 'url') && has(each, 'variables'))
  );
}

function isPolicySection(value: unknown): boolean {
  return isFields(value) && (Array.isArray(value.properties) || Array.isArray(value.constraints));
}

function has(value: Fields, ...names: readonly string[]): boolean {
  return names.some((name) => Object.hasOwn(value, name));
}
