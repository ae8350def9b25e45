import { type Answer, attribute, attributesOf, duplicateKey, listing } from './answer.ts';
import { NODE_HEALTH, readSecretBindings, readVersions, wholeNumbers } from './bodies.ts';
import { asBoolean } from './body-shape.ts';
import type { Call } from './call.ts';
import { serviceId } from './composite-id.ts';
import { type Identity, isOrgAdmin, isOrgAgbot, isStandardUser, ownerOf } from './identity.ts';
import { passesFilter } from './like.ts';
import { type PatternBody, patternBody, patternPatch, patternServicesProblem, versionText } from './pattern-body.ts';
import {
  authorizedId,
  authorizedOrg,
  deletePublished,
  demandAttribute,
  demandNew,
  demandRoom,
  demandStored,
  firstGiven,
  logPublished,
} from './published.ts';
import { PATTERN } from './published-kinds.ts';
import type { PatternRecord, PatternService } from './records.ts';
import type { Route } from './router.ts';
import { missingService, type NamedService, servicesOfUserInput } from './service-references.ts';
import { nameOfUser, type Store } from './store.ts';

export const PATTERN_ROUTES: readonly Route[] = [
  {
    paths: ['orgs', 'catalog'].flatMap((top) => [`/${top}/:org/patterns`, `/${top}/:org/deployment/patterns`]),
    methods: { GET: listPatterns },
  },
  {
    paths: ['/orgs/:org/patterns/:pattern', '/orgs/:org/deployment/patterns/:pattern'],
    methods: {
      DELETE: deletePublished(PATTERN),
      PATCH: patchPattern,
      PUT: replacePattern,
      GET: getPattern,
      POST: createPattern,
    },
  },
  { paths: ['/catalog/patterns', '/deployment/patterns'], methods: { GET: listCatalog } },
];

function listPatterns(call: Call): Answer {
  const organization = authorizedOrg(call, PATTERN);
  return answerPatterns(call, (pattern) => pattern.organization === organization);
}

function listCatalog(call: Call): Answer {
  call.authorize({ kind: 'pattern', id: '*/*' }, 'READ_ALL_PATTERNS');
  return answerPatterns(call, (pattern) => passesFilter(pattern.organization, call.query('organization')));
}

function answerPatterns(call: Call, isListed: (pattern: PatternRecord) => boolean): Answer {
  const { identity } = call;
  const { store } = call.hub;
  const isPublic = call.queryFlag('public');
  const restricted = isOrgAdmin(identity) || isStandardUser(identity);
  const chosen = [...store.patterns.values()].filter(
    (pattern) =>
      isListed(pattern) &&
      (!restricted || isOpenTo(identity, pattern)) &&
      (isPublic === undefined || pattern.public === isPublic) &&
      passesFilter(pattern.clusterNamespace, call.query('clusternamespace')) &&
      passesFilter(pattern.description, call.query('description')) &&
      passesFilter(pattern.id, call.query('idfilter')) &&
      passesFilter(pattern.label, call.query('label')) &&
      passesFilter(nameOfUser(store, pattern.owner) ?? null, call.query('owner')),
  );
  return listing('patterns', Object.fromEntries(chosen.map((pattern) => [pattern.id, viewPattern(store, pattern)])));
}

function getPattern(call: Call): Answer {
  const id = authorizedId(call, PATTERN, 'READ');
  const { identity } = call;
  const { store } = call.hub;
  const name = call.query('attribute');
  const stored = store.patterns.get(id);
  const restricted = isOrgAdmin(identity) || isStandardUser(identity) || isOrgAgbot(identity);
  const pattern = stored !== undefined && (!restricted || isOpenTo(identity, stored)) ? stored : undefined;
  if (name !== undefined) return patternAttribute(call, name, pattern);
  return listing('patterns', pattern === undefined ? {} : { [id]: viewPattern(store, pattern) });
}

/** `lastUpdated` is misspelt in the real one; what it does not know makes it trip. */
function patternAttribute(call: Call, name: string, pattern: PatternRecord | undefined): Answer {
  const known = [
    ...['owner', 'public', 'agreementprotocols', 'clusternamespace', 'description', 'label', 'secretbinding'],
    ...['services', 'userinput'],
  ];
  const attributeName = demandAttribute(name, known);
  if (pattern === undefined) throw call.refusal(404, 'not-found', 'not.found');
  const value = attributesOf(viewPattern(call.hub.store, pattern)).get(attributeName) ?? '';
  return attribute(name, attributeName === 'public' ? '(patterns Ref @1).public' : value);
}

function createPattern(call: Call): Answer {
  const organization = call.param('org');
  const id = authorizedId(call, PATTERN, 'CREATE');
  const body = readPattern(call);
  const { store, clock, ownership } = call.hub;
  const refuse = (cause: string): Error => call.refusal(400, 'invalid-input', 'pattern.not.created', id, cause);
  const missing = missingService(call, servicesOf(body));
  if (missing !== undefined) throw refuse(missing);
  const isPublic = body.public === null ? false : asBoolean(body.public);
  if (isPublic && store.orgs.get(organization)?.orgType !== 'IBM') {
    throw refuse(call.text('only.ibm.patterns.can.be.public'));
  }
  const owner = ownerOf(call.identity);
  demandRoom(call, PATTERN, owner);
  demandNew(call, PATTERN, id);
  store.patterns.set(id, { id, organization, keys: new Map(), ...fieldsOf(body, owner, isPublic, clock.instant()) });
  ownership.put('pattern', id, { owner, public: isPublic });
  logPublished(call, PATTERN, id, 'created', isPublic);
  return call.done('pattern.created', id);
}

function replacePattern(call: Call): Answer {
  const organization = call.param('org');
  const id = authorizedId(call, PATTERN, 'WRITE');
  const body = readPattern(call);
  const { store, clock, ownership } = call.hub;
  const missing = missingService(call, servicesOf(body));
  if (missing !== undefined) throw call.refusal(400, 'invalid-input', 'pattern.not.updated', id, missing);
  const pattern = demandStored(call, PATTERN, id);
  const wanted = body.public === null ? false : asBoolean(body.public);
  if ((pattern.public || wanted) && store.orgs.get(organization)?.orgType !== 'IBM') {
    throw call.refusal(400, 'invalid-input', 'pattern.not.updated', id, call.text('only.ibm.patterns.can.be.public'));
  }
  const owner = ownerOf(call.identity);
  const before = pattern.public;
  Object.assign(pattern, fieldsOf(body, owner, wanted, clock.instant()));
  if (body.public !== null) ownership.put('pattern', id, { owner, public: wanted });
  logPublished(call, PATTERN, id, 'created/modified', body.public === null ? before : wanted);
  return call.done('pattern.updated');
}

/** The attributes that PATCH knows, in the order in which it looks for the one to change. */
const PATCHABLE = [
  ...['agreementProtocols', 'clusterNamespace', 'description', 'label', 'public', 'secretBinding'],
  ...['services', 'userInput'],
] as const;

function patchPattern(call: Call): Answer {
  const id = authorizedId(call, PATTERN, 'WRITE');
  const body = call.body(patternPatch);
  if (body.services !== null) call.demand(patternServicesProblem(body.services));
  const given = firstGiven(body, PATCHABLE);
  if (given === undefined) throw call.refusal(400, 'invalid-input', 'no.valid.pattern.attribute.specified');
  const [name, value] = given;
  if (name === 'public') asBoolean(body.public);
  const refuse = (cause: string): Error => call.refusal(400, 'invalid-input', 'pattern.not.updated', id, cause);
  const named =
    name === 'services'
      ? servicesOfPattern(body.services ?? [])
      : name === 'userInput'
        ? servicesOfUserInput(body.userInput ?? [])
        : [];
  const missing = missingService(call, named);
  if (missing !== undefined) throw refuse(missing);
  const { store, clock } = call.hub;
  const pattern = demandStored(call, PATTERN, id);
  const isPublic = body.public === null ? pattern.public : asBoolean(body.public);
  if (body.public !== null && isPublic && store.orgs.get(call.param('org'))?.orgType !== 'IBM') {
    throw refuse(call.text('only.ibm.patterns.can.be.public'));
  }
  if (name === 'clusterNamespace') refuseNamespaceChange(call, pattern, body.clusterNamespace);
  Object.assign(pattern, { [name]: value, lastUpdated: clock.instant() });
  logPublished(call, PATTERN, id, 'modified', isPublic);
  return call.done('pattern.attribute.not.update', name, id);
}

/**
 * The real one looks for patterns that have the *new* namespace already: none is a 404 (with the text of a success), and
 * another pattern than this one would take this one's id, which is a 500.
 */
function refuseNamespaceChange(call: Call, pattern: PatternRecord, namespace: string | null): void {
  const matching = [...call.hub.store.patterns.values()].filter((other) => other.clusterNamespace === namespace);
  if (matching.length === 0) {
    throw call.refusal(404, 'not-found', 'pattern.attribute.not.update', 'clusterNamespace', pattern.id);
  }
  if (matching.some((other) => other !== pattern)) {
    const cause = duplicateKey('patterns_pkey', 'pattern', pattern.id);
    throw call.refusal(500, 'internal_error', 'pattern.not.updated', pattern.id, cause);
  }
}

/** Patterns of the own org, of IBM, and public ones. */
function isOpenTo(identity: Identity, pattern: PatternRecord): boolean {
  return pattern.organization === identity.organization || pattern.organization === 'IBM' || pattern.public;
}

function readPattern(call: Call): PatternBody {
  const body = call.body(patternBody);
  if (body.services.length === 0) call.demand(['no.services.defined.in.pattern']);
  call.demand(patternServicesProblem(body.services));
  return body;
}

function servicesOf(body: PatternBody): NamedService[] {
  return [...servicesOfPattern(body.services), ...servicesOfUserInput(body.userInput ?? [])];
}

/** Exact version text, exact arch: `1.0` is not `1.0.0`, and `*` is no arch (reference/exchange-mms.md §A.8). */
function servicesOfPattern(services: readonly (PatternService | null)[]): NamedService[] {
  return services.flatMap((service) =>
    (service?.serviceVersions ?? []).map((stored) => {
      const org = service?.serviceOrgid ?? null;
      const url = service?.serviceUrl ?? null;
      const arch = service?.serviceArch ?? null;
      const version = versionText(stored);
      return { org, url, version, arch, id: serviceId(org, url, version, arch) };
    }),
  );
}

function fieldsOf(body: PatternBody, owner: string, isPublic: boolean, lastUpdated: string) {
  const label = body.label ?? '';
  return {
    owner,
    label,
    description: body.description ?? label,
    public: isPublic,
    services: body.services.map((service) =>
      service === null ? null : { ...service, nodeHealth: service.nodeHealth ?? NODE_HEALTH },
    ),
    userInput: body.userInput ?? [],
    secretBinding: body.secretBinding ?? [],
    agreementProtocols: body.agreementProtocols ?? [{ name: 'Basic' }],
    clusterNamespace: body.clusterNamespace,
    lastUpdated,
  };
}

function viewPattern(store: Store, pattern: PatternRecord) {
  const { id, organization, keys, ...fields } = pattern;
  return {
    ...fields,
    owner: nameOfUser(store, pattern.owner) ?? '',
    secretBinding: readSecretBindings(pattern.secretBinding),
    clusterNamespace: pattern.clusterNamespace ?? '',
    services: pattern.services.map(
      (service) =>
        service && {
          ...service,
          agreementLess: typeof service.agreementLess === 'boolean' ? service.agreementLess : null,
          nodeHealth: wholeNumbers(service.nodeHealth),
          serviceVersions: readVersions(service.serviceVersions),
        },
    ),
  };
}
