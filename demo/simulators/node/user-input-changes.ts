import type { Body } from '#tools/bundle/types.ts';
import { userInputTerms } from '#tools/compat/terms.ts';

/** `org/url` of the services for which the two say different things. */
export function changedServices(before: readonly Body[], after: readonly Body[]): ReadonlySet<string> {
  const byService = (entries: readonly Body[]): Map<string, string> => {
    const found = new Map<string, string>();
    for (const { serviceOrgid, serviceUrl, inputs } of userInputTerms(entries)) {
      const name = `${serviceOrgid}/${serviceUrl}`;
      found.set(name, `${found.get(name) ?? ''}${JSON.stringify(inputs)}`);
    }
    return found;
  };
  const [old, fresh] = [byService(before), byService(after)];
  return new Set([...old.keys(), ...fresh.keys()].filter((name) => old.get(name) !== fresh.get(name)));
}
