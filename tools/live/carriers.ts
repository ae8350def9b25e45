import { targets } from '#policy/layers.ts';
import type { PolicyPayload } from '#policy/payload.ts';
import { type CarriedPolicy, isWithdrawn } from './carried.ts';

/** What carries a policy of this name, in any layer. */
export function carriersOf(all: readonly CarriedPolicy[], policy: string): CarriedPolicy[] {
  return all.filter(({ payload }) => payload?.policies.some(({ metadata }) => metadata.name === policy));
}

/** What else holds, or holds again, under the names that a policy carried, once that is gone: `name: id`. */
export function stillCarried(gone: CarriedPolicy, all: readonly CarriedPolicy[]): string[] {
  const names = gone.payload?.policies.map(({ metadata }) => metadata.name) ?? [];
  const others = all.filter((each) => each.id !== gone.id && !isWithdrawn(each) && meets(each.payload, gone.payload));
  return [...new Set(names)].flatMap((name) => carriersOf(others, name).map(({ id }) => `${name}: ${id}`));
}

/** Whether two payloads can hold for one workload. */
function meets(a: PolicyPayload | undefined, b: PolicyPayload | undefined): boolean {
  if (a === undefined || b === undefined) return false;
  if ('host' in a.target || 'host' in b.target) return true;
  const { org, service, arch, container } = b.target;
  const known = { org, service, arch, container };
  const stars = Object.entries(known).filter(([, value]) => value !== '*');
  return targets(a.target, {
    container: container === '*' ? a.target.container : container,
    ...Object.fromEntries(stars),
  });
}
