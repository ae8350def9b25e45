import { POLICY_OBJECT_TYPE } from '#policy/payload.ts';
import { architecturesOf } from '#tools/bundle/images.ts';
import { serviceId } from '#tools/bundle/service-id.ts';
import type { Bundle } from '#tools/bundle/types.ts';
import { type Hub, requireCss } from '../open-hub.ts';
import { parseObjectId } from '../snapshot.ts';
import { type Diagnosis, diagnose, ok, skipped, warning } from './diagnosis.ts';

/** Skew from which a `seq`, which is not below the clock, would confuse publishers that take turns. */
const MOST_SKEW_SECONDS = 60;

/** Whether there is an Exchange, of which version, and whether its clock and ours agree. */
export function checkExchange({ exchange }: Hub, now: () => number): Promise<readonly Diagnosis[]> {
  return diagnose('Exchange', async () => {
    const version = await exchange.version();
    return [ok('Exchange', `version ${version}`), clockLine(await exchange.clock(), now())];
  });
}

function clockLine(hub: Date | undefined, now: number): Diagnosis {
  if (hub === undefined || Number.isNaN(hub.getTime())) return skipped('clock', 'the hub does not tell its time');
  const seconds = Math.round((now - hub.getTime()) / 1000);
  if (Math.abs(seconds) <= MOST_SKEW_SECONDS)
    return ok('clock', `within ${Math.max(Math.abs(seconds), 1)} s of the hub's`);
  return warning(
    'clock',
    `this machine is ${Math.abs(seconds)} s ${seconds > 0 ? 'ahead of' : 'behind'} the hub`,
    'Set the clock (NTP): the order of security policies (seq) follows it.',
  );
}

/** Whether the credentials are taken, whose they are, and what of the bundle's names belongs to somebody else. */
export function checkRights(hub: Hub, bundle: Bundle | undefined): Promise<readonly Diagnosis[]> {
  const { exchange, user, org } = hub;
  return diagnose('credentials', async () => {
    const services = await exchange.list('service');
    const role = await exchange.whoAmI();
    const found: Diagnosis[] = [ok('credentials', `${user}${role === undefined ? '' : `, ${role.text}`}`)];
    if (!user.startsWith(`${org}/`) && !(await exchange.hasOrg(org)))
      found.push({
        check: 'org',
        status: 'failed',
        message: `there is no org ${org}, or ${user} may not see it`,
        fix: 'Correct HZN_ORG_ID.',
      });
    if (role?.mayPublish === false)
      found.push({
        check: 'rights',
        status: 'failed',
        message: `${user} is ${role.text}, which may not publish`,
        fix: 'Use a user of the org.',
      });
    const foreign =
      role?.isAdmin === true || bundle === undefined ? [] : foreignServices(bundle, services, role?.id ?? user);
    found.push(
      ...foreign.map(({ id, owner }) =>
        warning(
          'rights',
          `service ${org}/${id} belongs to ${owner}, and ${user} may not change it`,
          `Publish as ${owner} or as an admin of the org.`,
        ),
      ),
    );
    if (foreign.length === 0 && role?.mayPublish !== false) found.push(ok('rights', `may publish to ${org}`));
    return found;
  });
}

function foreignServices(
  { services }: Bundle,
  stored: ReadonlyMap<string, Readonly<Record<string, unknown>>>,
  user: string,
): { readonly id: string; readonly owner: string }[] {
  return services.flatMap(({ definition: { value } }) =>
    architecturesOf(value).flatMap((arch) => {
      const id = serviceId({ ...value, arch });
      const owner = stored.get(id)?.owner;
      return typeof owner !== 'string' || owner === user ? [] : [{ id, owner }];
    }),
  );
}

/** Whether there is a CSS that takes the credentials, and whether ids of ours are taken there. */
export function checkCss(hub: Hub, keyId: string | undefined): Promise<readonly Diagnosis[]> {
  return diagnose('CSS', async () => {
    const objects = (await requireCss(hub).list(POLICY_OBJECT_TYPE)).filter(({ deleted }) => !deleted);
    const taken = objects.filter(
      ({ objectID, putByNode }) =>
        putByNode !== undefined && keyId?.startsWith(parseObjectId(objectID)?.keyPrefix ?? ' ') === true,
    );
    return [
      ok('CSS', `${objects.length} security policies in ${hub.org}`),
      ...taken.map(({ objectID, owner }) =>
        warning(
          'CSS',
          `${owner} has put an object under our id ${objectID}`,
          'Find out why; publish --take-over replaces it.',
        ),
      ),
    ];
  });
}
