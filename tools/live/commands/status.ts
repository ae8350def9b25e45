import { type Command, InvalidArgumentError } from 'commander';
import { POLICY_OBJECT_TYPE } from '#policy/payload.ts';
import type { CommandContext, ExitStatus } from '#tools/command.ts';
import { waitForDelivery } from '#tools/hub/delivery.ts';
import { trustedKeyIds } from '#tools/repeatable-option.ts';
import { table } from '#tools/table.ts';
import { type CarriedPolicy, findCarried, isOverwritten, isWithdrawn, readCarried } from '../carried.ts';
import type { LiveSession } from '../live-session.ts';

/** How far one object has come on one node, as the CSS knows it. */
export interface NodeDelivery {
  readonly id: string;
  readonly object: string;
  readonly seq?: number;
  /** `overwritten`: the hub holds something under this id that no trusted key signed. */
  readonly state: 'in force' | 'withdrawn' | 'unreadable' | 'overwritten';
  readonly node: string;
  /** pending, delivering, delivered … */
  readonly status: string;
  readonly message: string;
}

interface Options {
  readonly all?: boolean;
  readonly wait?: true | number;
  readonly trust?: readonly string[];
  readonly json?: boolean;
}

const DEFAULT_WAIT_SECONDS = 120;

export function defineStatus(parent: Command, context: CommandContext, done: (status: ExitStatus) => void): void {
  parent
    .command('status')
    .description('Say for each node whether a policy has reached it. Whether it is enforced: hzn-armor fleet status.')
    .argument('[name...]', 'names of live policies, or ids of any; all live ones when none is named')
    .option('--all', 'also those attached to deployments and nodes')
    .option('--wait [seconds]', 'wait until every node has it (120); exit 1 when some has not', seconds)
    .option('--trust <key id>', 'a further key id whose signature counts; may be repeated', trustedKeyIds)
    .option('--json', 'print the list as one JSON document')
    .action(async (names: readonly string[], options: Options) => {
      const { withLiveSession } = await import('../live-session.ts');
      const deliveries = await withLiveSession(context, options.trust ?? [], (session) =>
        policyStatus(session, names, options, context.signal),
      );
      context.stdout.write(options.json ? `${JSON.stringify(deliveries)}\n` : listing(deliveries));
      done(options.wait !== undefined && deliveries.some(({ status }) => !ARRIVED.has(status)) ? 1 : 0);
    });
}

const ARRIVED: ReadonlySet<string> = new Set(['delivered', 'consumed']);

/** @throws ArmorError USAGE for a name that there is not */
export async function policyStatus(
  { css, keyIds }: LiveSession,
  names: readonly string[],
  { all, wait }: Options,
  signal: AbortSignal,
): Promise<NodeDelivery[]> {
  const carried = await readCarried(css, keyIds);
  const chosen =
    names.length > 0
      ? names.map((name) => findCarried(carried, name))
      : carried.filter((each) => all === true || (each.layer === 'live' && !isWithdrawn(each)));
  if (wait !== undefined) {
    const ids = chosen.flatMap(({ objects }) => objects.map(({ metadata }) => metadata.objectID));
    await waitForDelivery(css, ids, { timeoutMs: (wait === true ? DEFAULT_WAIT_SECONDS : wait) * 1000, signal });
  }
  const found = await Promise.all(
    chosen.flatMap((each) =>
      each.objects.map(async (object) => {
        const { objectID } = object.metadata;
        const overwritten = isOverwritten(each, object, keyIds);
        return (await css.destinations(POLICY_OBJECT_TYPE, objectID)).map(
          ({ id: node, status, message }): NodeDelivery => ({
            id: each.id,
            object: objectID,
            ...(each.payload !== undefined && !overwritten && { seq: each.payload.seq }),
            state: overwritten ? 'overwritten' : stateOf(each),
            node,
            status,
            message: overwritten ? 'nodes refuse it and keep what they have; hzn-armor publish puts it back' : message,
          }),
        );
      }),
    ),
  );
  return found.flat();
}

function stateOf(carried: CarriedPolicy): NodeDelivery['state'] {
  if (carried.payload === undefined) return 'unreadable';
  return isWithdrawn(carried) ? 'withdrawn' : 'in force';
}

function listing(deliveries: readonly NodeDelivery[]): string {
  if (deliveries.length === 0)
    return 'no node is meant: there is no policy, no node matches, or none has an agreement for the security agent yet\n';
  const rows = deliveries.map(({ object, seq, state, node, status, message }) => [
    object,
    seq === undefined ? '' : String(seq),
    state,
    node,
    status,
    message,
  ]);
  return table(['OBJECT', 'SEQ', 'STATE', 'NODE', 'STATUS', ''], rows);
}

function seconds(text: string): number {
  const value = Number(text);
  if (Number.isFinite(value) && value >= 0) return value;
  throw new InvalidArgumentError('It takes a number of seconds; names of policies come before it.');
}
