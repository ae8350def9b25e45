import { anything, flag, list, map, optional, record, type Shaped, text } from './body-shape.ts';
import { serviceId } from './composite-id.ts';
import { NullAccess } from './defects.ts';
import type { MessageKey } from './messages.ts';
import type { ServiceReference } from './records.ts';
import { isVersion } from './version.ts';

const ROUTE = 'org.openhorizon.exchangeapi.route.service';

const reference = record('org.openhorizon.exchangeapi.table.service.ServiceRef', {
  url: text,
  org: text,
  version: optional(text),
  versionRange: optional(text),
  arch: text,
});

const OPTIONAL_FIELDS = {
  description: optional(text),
  documentation: optional(text),
  matchHardware: optional(map(anything)),
  requiredServices: optional(list(reference)),
  userInput: optional(list(map(text))),
  deployment: optional(text),
  deploymentSignature: optional(text),
  clusterDeployment: optional(text),
  clusterDeploymentSignature: optional(text),
  imageStore: optional(map(anything)),
};

/** Body of POST and PUT (reference/exchange-mms.md §A.7). */
export const serviceBody = record(
  `${ROUTE}.PostPutServiceRequest`,
  { label: text, public: flag, url: text, version: text, arch: text, sharable: text, ...OPTIONAL_FIELDS },
  { required: ['label', 'url', 'version', 'arch', 'sharable'], leaksFormats: true },
);
type ServiceFields = NonNullable<Shaped<typeof serviceBody>>;

/** The same, with what the shape's rules guarantee. */
export type ServiceBody = ServiceFields & {
  readonly [K in 'label' | 'url' | 'version' | 'arch' | 'sharable']: string;
};

export const servicePatch = record(
  `${ROUTE}.PatchServiceRequest`,
  {
    label: optional(text),
    public: optional(anything),
    url: optional(text),
    version: optional(text),
    arch: optional(text),
    sharable: optional(text),
    ...OPTIONAL_FIELDS,
  },
  { leaksFormats: true },
);
export type ServicePatch = NonNullable<Shaped<typeof servicePatch>>;

export const SHARABLE = ['exclusive', 'single', 'singleton', 'multiple'] as const;

/** The shape's `required` has seen to it that these are texts. */
export function isComplete(body: ServiceFields): body is ServiceBody {
  return [body.label, body.url, body.version, body.arch, body.sharable].every((value) => value !== null);
}

type Problem = readonly [key: MessageKey, ...args: (string | null)[]];

/** The first rule that the body breaks; `id` is the one in the URL of a PUT. */
export function serviceProblem(organization: string, body: ServiceBody, id?: string): Problem | undefined {
  if (!isAcceptableUrl(body.documentation ?? '')) return ['documentation.field.not.valid.url'];
  if (!isVersion(body.version)) return ['version.not.valid.format', body.version];
  if (body.arch === '') return ['arch.cannot.be.empty'];
  if (id !== undefined && serviceId(organization, body.url, body.version, body.arch) !== id) {
    return ['service.id.does.not.match'];
  }
  if (!isSharable(body.sharable)) return ['invalid.sharable.value', body.sharable];
  for (const required of requiredOf(body)) {
    if (required.versionRange === null && required.version === null) {
      return ['no.version.range.in.req.service', required.url];
    }
    if (required.arch !== body.arch) return ['req.service.has.wrong.arch', required.url, required.arch, body.arch];
  }
  const { deployment, deploymentSignature, clusterDeployment, clusterDeploymentSignature } = body;
  if (lacksSignature(deployment, deploymentSignature)) return ['service.def.not.signed'];
  if (lacksSignature(clusterDeployment, clusterDeploymentSignature)) return ['service.def.not.signed'];
  return undefined;
}

export function isSharable(value: string): boolean {
  return SHARABLE.some((known) => known === value);
}

/** @throws {NullAccess} for a null among them */
export function requiredOf({ requiredServices }: Pick<ServicePatch, 'requiredServices'>): readonly ServiceReference[] {
  return (requiredServices ?? []).map((required) => {
    if (required === null) {
      throw new NullAccess(
        'Cannot invoke "org.openhorizon.exchangeapi.table.service.ServiceRef.versionRange()" because "rs" is null',
      );
    }
    return required;
  });
}

function lacksSignature(deployment: string | null, signature: string | null): boolean {
  return (deployment ?? '') !== '' && (signature ?? '') === '';
}

/** What java.net.URL takes: a protocol it has a handler for, and a port that is a number. Empty is fine. */
function isAcceptableUrl(url: string): boolean {
  if (url === '') return true;
  const [, scheme = '', rest = ''] = /^\s*(?:url:)?([A-Za-z][\w+.-]*):(.*)$/is.exec(url) ?? [];
  if (!['http', 'https', 'ftp', 'file', 'mailto', 'jrt'].includes(scheme.toLowerCase())) {
    return scheme.toLowerCase() === 'jar' && rest.includes('!/');
  }
  const authority = /^\/\/(?:[^/?#]*@)?([^/?#]*)/.exec(rest)?.[1] ?? '';
  if (authority.startsWith('[') && !/^\[..+\]/.test(authority)) return false;
  const port = /:([^:\]]*)$/.exec(authority)?.[1] ?? '';
  return port === '' || port === '-1' || /^\+?\d+$/.test(port);
}
