import type { Actor, SecurityEvent } from '../event.ts';
import type { PartRole } from './denial-parts.ts';

/** One access, and the events that told of it: one, or those that were merged into it. */
export interface MergedEvent {
  readonly event: SecurityEvent;
  readonly parts: readonly SecurityEvent[];
}

/** Who speaks before whom. The hook of creating comes last of the hooks: the others decided. */
const ORDER: readonly PartRole[] = ['hook', 'write', 'creation', 'call', 'copy'];

/** The event that speaks for its parts: the alert if there is one, else the hook, else the call. */
export function mergeParts(parts: ReadonlyMap<PartRole, SecurityEvent>): MergedEvent {
  const spoken = ORDER.map((role) => parts.get(role)).filter((part) => part !== undefined);
  const speaker = spoken.find(({ origin }) => origin === 'alert') ?? spoken[0];
  if (speaker === undefined) throw new TypeError('a merged event has parts');
  return { event: spoken.length === 1 ? speaker : complete(speaker, spoken), parts: spoken };
}

/** Fills in what the speaker does not know: arguments, flags, the network peer, the program. */
function complete(speaker: SecurityEvent, parts: readonly SecurityEvent[]): SecurityEvent {
  return parts.filter((part) => part !== speaker).reduce(fillFrom, speaker);
}

function fillFrom(event: SecurityEvent, other: SecurityEvent): SecurityEvent {
  const { args, write, ownerUid, network, path } = other;
  return {
    ...event,
    actor: fillActor(event.actor, other.actor),
    ...(event.path === undefined && path !== undefined ? { path } : {}),
    ...(event.args === undefined && args !== undefined ? { args } : {}),
    ...(event.write === undefined && write !== undefined ? { write } : {}),
    ...(event.ownerUid === undefined && ownerUid !== undefined ? { ownerUid } : {}),
    ...(network === undefined ? {} : { network: { ...network, ...event.network } }),
  };
}

function fillActor(actor: Actor, other: Actor): Actor {
  return {
    ...actor,
    executable: actor.executable || other.executable,
    parentExecutable: actor.parentExecutable || other.parentExecutable,
    commandLine: actor.commandLine || other.commandLine,
    tty: actor.tty || other.tty,
  };
}
