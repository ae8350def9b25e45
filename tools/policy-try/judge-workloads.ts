import { compilePolicies, type Decision, type Evaluator, type EvaluatorOptions } from '#policy/evaluate.ts';
import type { SecurityEvent } from '#policy/event.ts';
import type { SecurityPolicy } from '#policy/types.ts';
import { selects } from './select-workload.ts';

/** A container that was seen, and which policies were tried on it. */
export interface SeenWorkload {
  /** Empty for the host. */
  readonly container: string;
  readonly policies: readonly string[];
  /** Policies whose selector asks for labels the events do not carry: they were tried as if they matched. */
  readonly assumed: readonly string[];
  events: number;
}

/** Beyond, containers are judged but no longer listed: names of short-lived ones never end. */
const MAX_SEEN = 10_000;

/** Judges each event under the policies that select its container; compiled once for each set of policies. */
export class WorkloadJudge {
  private readonly policies: readonly SecurityPolicy[];
  private readonly options: EvaluatorOptions;
  private readonly everywhere: boolean;
  private readonly evaluators = new Map<string, Evaluator>();
  private readonly byContainer = new Map<string, { readonly evaluator: Evaluator; readonly seen: SeenWorkload }>();

  /** @param everywhere try every policy on every container, whatever its selector says */
  constructor(policies: readonly SecurityPolicy[], options: EvaluatorOptions, everywhere: boolean) {
    this.policies = policies;
    this.options = options;
    this.everywhere = everywhere;
  }

  judge(event: SecurityEvent): Decision {
    const name = event.container?.name ?? '';
    const known = this.byContainer.get(name) ?? this.meet(name);
    known.seen.events++;
    return known.evaluator.evaluate(event);
  }

  seen(): SeenWorkload[] {
    return [...this.byContainer.values()].map(({ seen }) => seen);
  }

  private meet(name: string): { readonly evaluator: Evaluator; readonly seen: SeenWorkload } {
    const answers = this.policies.map((policy) => ({ policy, selected: this.selected(policy, name) }));
    const chosen = answers.filter(({ selected }) => selected !== 'no');
    const namesOf = (list: typeof chosen): string[] => list.map(({ policy }) => policy.metadata.name);
    const met = {
      evaluator: this.compiled(chosen.map(({ policy }) => policy)),
      seen: {
        container: name,
        policies: namesOf(chosen),
        assumed: namesOf(chosen.filter(({ selected }) => selected === 'unknown')),
        events: 0,
      },
    };
    if (this.byContainer.size < MAX_SEEN) this.byContainer.set(name, met);
    return met;
  }

  private selected(policy: SecurityPolicy, container: string) {
    if (container === '') return policy.kind === 'KubeArmorHostPolicy' ? 'yes' : 'no';
    return this.everywhere && policy.kind === 'KubeArmorPolicy' ? 'yes' : selects(policy, container);
  }

  private compiled(policies: readonly SecurityPolicy[]): Evaluator {
    const key = policies.map(({ metadata }) => metadata.name).join('\n');
    const known = this.evaluators.get(key);
    if (known !== undefined) return known;
    const evaluator = compilePolicies(policies, this.options);
    this.evaluators.set(key, evaluator);
    return evaluator;
  }
}
