import { architecturesOf } from './images.ts';
import type { PatternFile } from './source-types.ts';
import type { Body, Bundle, Named, Rendered } from './types.ts';

type PatternService = PatternFile['services'][number];
type PatternVersion = PatternService['serviceVersions'][number];

/**
 * The body of reference/exchange-mms.md §A.8. A pattern names each architecture by itself; a source that names none means
 * all that the bundle has. `deployment_overrides` becomes a text, to be signed.
 */
export function renderPattern({ name, file, value }: Named<PatternFile>, bundle: Bundle): Rendered<Body> {
  const { label, description = '', services, ...rest } = value;
  return {
    id: name,
    file,
    body: {
      label,
      description,
      public: value.public ?? false,
      ...rest,
      services: services.flatMap((service) => renderPatternService(service, bundle)),
    },
  };
}

function renderPatternService(service: PatternService, { services, org }: Bundle): Body[] {
  const { serviceUrl, serviceOrgid, serviceArch, serviceVersions, ...rest } = service;
  const own = services.find(({ definition: { value } }) => serviceOrgid === org && value.url === serviceUrl);
  const everywhere = own === undefined ? ['amd64'] : architecturesOf(own.definition.value);
  return (serviceArch === undefined ? everywhere : [serviceArch]).map((arch) => ({
    serviceUrl,
    serviceOrgid,
    serviceArch: arch,
    serviceVersions: serviceVersions.map(renderVersion),
    ...rest,
  }));
}

function renderVersion({ deployment_overrides: overrides, ...version }: PatternVersion): Body {
  const base = { priority: {}, upgradePolicy: {}, ...version };
  if (overrides === undefined) return base;
  return { ...base, deployment_overrides: JSON.stringify(overrides), deployment_overrides_signature: '' };
}
