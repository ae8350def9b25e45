import { Ajv, type ValidateFunction } from 'ajv';
import common from '#tools/schemas/common.schema.json' with { type: 'json' };
import deploymentPolicy from '#tools/schemas/deployment-policy.schema.json' with { type: 'json' };
import horizonArmor from '#tools/schemas/horizon-armor.schema.json' with { type: 'json' };
import imagesLock from '#tools/schemas/images-lock.schema.json' with { type: 'json' };
import nodePolicy from '#tools/schemas/node-policy.schema.json' with { type: 'json' };
import pattern from '#tools/schemas/pattern.schema.json' with { type: 'json' };
import service from '#tools/schemas/service.schema.json' with { type: 'json' };
import servicePolicy from '#tools/schemas/service-policy.schema.json' with { type: 'json' };
import type {
  BundleFile,
  DeploymentPolicyFile,
  ImagesLockFile,
  NodePolicyFile,
  PatternFile,
  ServiceFile,
  ServicePolicyFile,
} from './source-types.ts';

/** Each kind of source, and what it is once its schema holds. */
export interface SourceKinds {
  'horizon-armor': BundleFile;
  service: ServiceFile;
  'service-policy': ServicePolicyFile;
  'deployment-policy': DeploymentPolicyFile;
  'node-policy': NodePolicyFile;
  pattern: PatternFile;
  'images-lock': ImagesLockFile;
}

export type SourceKind = keyof SourceKinds;

/** The files that editors read as well (`# yaml-language-server: $schema=`). */
export const schemas: Readonly<Record<SourceKind, object>> = {
  'horizon-armor': horizonArmor,
  service,
  'service-policy': servicePolicy,
  'deployment-policy': deploymentPolicy,
  'node-policy': nodePolicy,
  pattern,
  'images-lock': imagesLock,
};

/**
 * Half of what ajv does at start-up is checking and polishing schemas that a test checks once for all (schemas.test.ts):
 * `publish` has no time for it.
 */
const ajv = new Ajv({
  allErrors: true,
  verbose: true,
  allowUnionTypes: true,
  validateSchema: false,
  meta: false,
  code: { optimize: false },
}).addSchema(common, 'common.schema.json');

/** The validator of a kind; ajv keeps what it compiled. */
export function validatorOf<Kind extends SourceKind>(kind: Kind): ValidateFunction<SourceKinds[Kind]> {
  return ajv.compile<SourceKinds[Kind]>(schemas[kind]);
}
