import type { SecurityEvent, UsbDevice } from '../event.ts';
import { type Decision, decision, type PostureAction, UNTOUCHED } from './decision.ts';
import type { DeviceMatch, Rule } from './rule.ts';

/**
 * USB devices on the host: the most specific rule decides, whatever its place (reference/kubearmor.md §4.7,
 * usbDeviceHandler.go); with none, posture, if any rule allows.
 */
export function judgeDevice(rules: readonly Rule[], event: SecurityEvent, posture: PostureAction): Decision {
  const { device } = event;
  if (device === undefined || event.result === 'Removed') return UNTOUCHED;
  const devices = rules.filter((rule) => rule.kind === 'device');
  const best = devices
    .filter((rule) => matches(rule, device))
    .reduce<DeviceMatch | undefined>(
      (found, rule) => (found === undefined || weight(rule) > weight(found) ? rule : found),
      undefined,
    );
  if (best !== undefined) return byRule(best);
  if (posture === 'allow' || !devices.some(({ ref }) => ref.action === 'Allow')) return UNTOUCHED;
  const report = { policyName: 'DefaultPosture', action: posture === 'block' ? 'Block' : 'Audit' } as const;
  return decision(
    posture === 'block' ? 'blocked' : 'audited',
    { kind: 'posture', category: 'device', posture },
    undefined,
    report,
  );
}

function byRule({ ref }: DeviceMatch): Decision {
  const cause = { kind: 'rule', rule: ref } as const;
  if (ref.action === 'Block') return decision('blocked', cause, undefined, { policyName: ref.policy, action: 'Block' });
  if (ref.action === 'Audit') return decision('audited', cause, undefined, { policyName: ref.policy, action: 'Audit' });
  return ref.action === 'Allow' ? decision('allowed', cause) : UNTOUCHED;
}

function matches(rule: DeviceMatch, device: UsbDevice): boolean {
  return (
    (rule.class === undefined || rule.class === device.class) &&
    (rule.subClass === undefined || rule.subClass === device.subClass) &&
    (rule.protocol === undefined || rule.protocol === device.protocol) &&
    (rule.level === undefined || rule.level === device.level)
  );
}

function weight({ subClass, protocol, level }: DeviceMatch): number {
  return (subClass === undefined ? 0 : 10) + (protocol === undefined ? 0 : 1) + (level === undefined ? 0 : 100);
}
