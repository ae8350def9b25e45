import type { FieldChange } from './field-changes.ts';
import type { ObjectResource, Resource, ResourceKind } from './resources.ts';

/** One thing to do on a hub, or the statement that nothing is. `plan` prints them, the executor carries them out. */
export type Step =
  | { readonly action: 'create'; readonly resource: Resource }
  | {
      readonly action: 'update';
      readonly resource: Resource;
      readonly changes: readonly FieldChange[];
      /** The hub cannot change it in place: delete it first. */
      readonly recreate?: true;
    }
  | { readonly action: 'unchanged'; readonly resource: Resource }
  /** An object that ends by a signed withdrawal: same id, higher seq, no policies (design §7.1). */
  | { readonly action: 'withdraw'; readonly resource: ObjectResource; readonly policies: readonly string[] }
  | { readonly action: 'delete'; readonly resource: Removable };

/** What can be deleted: keys and policies of a service go with it. */
export interface Removable {
  readonly kind: Extract<ResourceKind, 'service' | 'pattern' | 'deployment-policy' | 'security-policy'>;
  readonly id: string;
  readonly file: string;
  /** What has to be gone, or done, before. */
  readonly needs: readonly string[];
}

/** Something that a publish leaves alone and that its publisher should know. */
export interface Notice {
  readonly about: string;
  readonly message: string;
  readonly fix: string;
}

export interface StepCounts {
  readonly created: number;
  readonly updated: number;
  readonly unchanged: number;
  /** Withdrawals as well: what they end is no longer there. */
  readonly deleted: number;
}

export function countSteps(steps: readonly Step[]): StepCounts {
  const count = (...actions: readonly Step['action'][]): number =>
    steps.filter(({ action }) => actions.includes(action)).length;
  return {
    created: count('create'),
    updated: count('update'),
    unchanged: count('unchanged'),
    deleted: count('withdraw', 'delete'),
  };
}

/** Whether a plan would write nothing. */
export function isSettled(steps: readonly Step[]): boolean {
  return steps.every(({ action }) => action === 'unchanged');
}
