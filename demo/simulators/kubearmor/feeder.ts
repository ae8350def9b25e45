import { type Origin, toAlert, toLog, toStdout } from './event-forms.ts';
import type { EventRecord } from './event-record.ts';
import { attribute, type EnforcerName, type FeederContext } from './feeder-match.ts';
import type { FeederRule } from './feeder-rules.ts';
import type { Postures } from './lsm-decision.ts';
import type { Throttle } from './throttle.ts';

export interface FeederSettings {
  readonly origin: Origin;
  readonly enforcer: EnforcerName;
  readonly postures: Postures;
  /** User space's own count, for what the monitor found (reference/kubearmor.md §5.6). */
  readonly throttle: Throttle;
  readonly throttling: { readonly maxPerSecond: number; readonly silentSeconds: number };
  hostVisible(operation: string): boolean;
  /** The namespaces that alerts of a container are counted by. */
  throttleKey(containerId: string): string;
  alert(message: object): void;
  log(message: object): void;
  stdout?(line: string): void;
}

/** Sorts events into alerts and logs and says which policy each belongs to, as KubeArmor's feeder does. */
export class Feeder {
  readonly #settings: FeederSettings;
  /** By the name under which an endpoint registered: not always the one under which its events come (§3.3). */
  readonly #rules = new Map<string, readonly FeederRule[]>();
  #hostRules: readonly FeederRule[] = [];

  constructor(settings: FeederSettings) {
    this.#settings = settings;
  }

  setRules(namespaceName: string, endPointName: string, rules: readonly FeederRule[]): void {
    this.#rules.set(`${namespaceName}_${endPointName}`, rules);
  }

  setHostRules(rules: readonly FeederRule[]): void {
    this.#hostRules = rules;
  }

  push(event: EventRecord): void {
    const { origin, stdout } = this.#settings;
    const judged = this.#judge(event);
    if (judged === undefined) return;
    stdout?.(toStdout(judged, origin));
    if (judged.type === 'ContainerLog' || judged.type === 'HostLog') {
      this.#settings.log(toLog(judged, origin));
      return;
    }
    const told = this.#throttled(judged);
    if (told !== undefined) this.#settings.alert(toAlert(told, origin));
  }

  #judge(event: EventRecord): EventRecord | undefined {
    if (event.enforcer.startsWith('PRESET')) return event;
    const bpf = this.#settings.enforcer === 'BPFLSM';
    const judged = attribute(event, this.#contextOf(event));
    if (judged === undefined || !bpf) return judged;
    if (event.enforcer !== '') return { ...judged, enforcer: 'BPFLSM' };
    // From the monitor: of denials and postures the enforcer tells itself, so only an Audit stays an alert.
    const stays = judged.action.includes('Audit') && judged.policyName !== 'DefaultPosture';
    if (judged.type === 'MatchedPolicy' && !stays) return { ...judged, type: 'ContainerLog' };
    if (judged.type === 'MatchedHostPolicy' && !stays) return { ...judged, type: 'HostLog' };
    return judged;
  }

  #contextOf({ namespaceName, podName, containerId }: EventRecord): FeederContext {
    const { postures, enforcer, hostVisible } = this.#settings;
    const rules = containerId === '' ? this.#hostRules : (this.#rules.get(`${namespaceName}_${podName}`) ?? []);
    return { rules, postures, enforcer, hostVisible };
  }

  /** The monitor's alerts are counted here; the enforcer's were, in the kernel. */
  #throttled(event: EventRecord): EventRecord | undefined {
    const audit = event.action.includes('Audit') && event.enforcer === 'eBPF Monitor';
    const host = event.type === 'MatchedHostPolicy' && ['AppArmor', 'eBPF Monitor'].includes(event.enforcer);
    if (!audit && !host) return event;
    const { throttle, throttling, throttleKey } = this.#settings;
    const verdict = throttle.check(throttleKey(event.containerId));
    if (verdict === 'pass') return event;
    if (verdict === 'drop') return undefined;
    return {
      ...event,
      type: 'SystemEvent',
      operation: 'AlertThreshold',
      maxAlertsPerSec: throttling.maxPerSecond,
      droppingAlertsInterval: throttling.silentSeconds,
    };
  }
}
