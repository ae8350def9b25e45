/**
 * Turns the .proto files beside it into descriptor.json, which the agent loads: JSON goes into the agent's one bundled
 * file, .proto files would not. `node services/security-agent/src/kubearmor/protos/generate.ts` writes it; a test fails
 * when the two differ.
 */
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
// Comes with @grpc/proto-loader, which reads what is written here.
import protobuf from 'protobufjs';

const FILES = ['feeder.proto', 'policy.proto', 'state_agent.proto'];

/** The text of descriptor.json, before formatting. */
export function describeProtos(): string {
  const root = new protobuf.Root();
  root.loadSync(
    FILES.map((name) => fileURLToPath(new URL(name, import.meta.url))),
    { keepCase: true },
  );
  // The reader's types want a comment at each method.
  return JSON.stringify(root, (_key, value) => ('requestType' in Object(value) ? { ...value, comment: '' } : value), 2);
}

if (import.meta.main) writeFileSync(new URL('descriptor.json', import.meta.url), `${describeProtos()}\n`);
