import type { PolicyPayload } from './payload.ts';

/**
 * Whether a signed value has the shape of a payload. What stands inside each policy's `spec` is not looked at: that is
 * schema.ts's part, and a node rejects one policy there without losing the reason.
 */
export function isPolicyPayload(value: unknown): value is PolicyPayload {
  return (
    isRecord(value) &&
    value.format === 1 &&
    isText(value.id) &&
    (value.layer === 'node' || value.layer === 'deployment' || value.layer === 'live') &&
    Number.isSafeInteger(value.seq) &&
    Number(value.seq) >= 0 &&
    isTarget(value.target) &&
    typeof value.inherit === 'boolean' &&
    isListOf(value.policies, isPolicy) &&
    isListOf(value.catalogue, isCatalogueEntry)
  );
}

function isTarget(value: unknown): boolean {
  if (!isRecord(value)) return false;
  if ('host' in value) return value.host === true;
  return [value.org, value.service, value.container, value.arch, value.versionRange].every(isText);
}

function isPolicy(value: unknown): boolean {
  return (
    isRecord(value) &&
    value.apiVersion === 'security.kubearmor.com/v1' &&
    (value.kind === 'KubeArmorPolicy' || value.kind === 'KubeArmorHostPolicy') &&
    isRecord(value.metadata) &&
    isText(value.metadata.name) &&
    isRecord(value.spec)
  );
}

function isCatalogueEntry(value: unknown): boolean {
  return (
    isRecord(value) &&
    [value.policy, value.template, value.summary].every((field) => typeof field === 'string') &&
    isListOf(
      value.compliance,
      (entry) =>
        isRecord(entry) &&
        [entry.framework, entry.version, entry.id, entry.title, entry.source].every(
          (field) => typeof field === 'string',
        ),
    )
  );
}

function isListOf(value: unknown, check: (item: unknown) => boolean): boolean {
  return Array.isArray(value) && value.every(check);
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
