import type { EventCategory, SecurityEvent } from '../event.ts';
import { type CategoryFeeder, type FeederPostures, SILENT } from './feeder-answer.ts';
import { capabilityFeeder } from './feeder-capabilities.ts';
import { networkFeeder } from './feeder-network.ts';
import { objectFeeder } from './feeder-objects.ts';
import { syscallFeeder } from './feeder-syscalls.ts';
import type { Rule } from './rule.ts';

export interface FeederOptions {
  readonly host: boolean;
  readonly postures: FeederPostures;
  /** Whether capability events exist and can be named: under BPF-LSM only. */
  readonly namesCapabilities: boolean;
}

const MUTE: CategoryFeeder = { passed: () => SILENT, denied: () => undefined };

/** The feeder's parts by what they are asked about; undefined for events that policies say nothing about. */
export function feeders(
  rules: readonly Rule[],
  { host, postures, namesCapabilities }: FeederOptions,
): (event: SecurityEvent) => CategoryFeeder | undefined {
  const reported = rules.filter(({ unreported }) => !unreported);
  const lastRule = reported.findLast(({ kind }) => kind !== 'preset');
  const network = networkFeeder(reported, lastRule, postures);
  const byCategory: Partial<Record<EventCategory, CategoryFeeder>> = {
    process: objectFeeder('process', reported, postures),
    file: objectFeeder('file', reported, postures),
    network,
    dns: network,
    capabilities: namesCapabilities ? capabilityFeeder(reported, postures) : MUTE,
    syscall: syscallFeeder(reported, host),
  };
  return ({ category }) => byCategory[category];
}
