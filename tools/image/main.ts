/** `npm run image [-- --tag NAME] [--push] [--json]`: the security agent's image for amd64. */
import { parseArgs } from 'node:util';
import { AGENT_VERSION } from '#agent/version.ts';
import { ArmorError } from '#errors';
import { buildImage } from './build-image.ts';

const USAGE = `usage: npm run image -- [--tag REPOSITORY:TAG] [--push] [--json]

Bundles the security agent into one file and builds its image for amd64 through the Docker engine.
  --tag   default: $AGENT_IMAGE, else horizon-armor-security-agent:${AGENT_VERSION}
  --push  push it afterwards; with $IMAGE_USER and $IMAGE_TOKEN
  --json  one JSON document instead of lines

arm64: the bundle is the same file; build it on an arm64 engine (DOCKER_HOST=ssh://… or a buildx node) with
services/security-agent/Dockerfile, push it as :TAG-arm64 and join the two with docker manifest create.
`;

try {
  const { values } = parseArgs({
    options: {
      tag: { type: 'string' },
      push: { type: 'boolean' },
      json: { type: 'boolean' },
      help: { type: 'boolean', short: 'h' },
    },
  });
  if (values.help) process.stdout.write(USAGE);
  else await run(values);
} catch (error) {
  if (error instanceof ArmorError) process.stderr.write(`${error}\n`);
  else process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n${USAGE}`);
  process.exitCode = error instanceof ArmorError ? 1 : 2;
}

async function run({ tag, push, json }: { tag?: string; push?: boolean; json?: boolean }): Promise<void> {
  const { IMAGE_USER: username, IMAGE_TOKEN: password, AGENT_IMAGE } = process.env;
  const built = await buildImage({
    tag: tag ?? AGENT_IMAGE ?? `horizon-armor-security-agent:${AGENT_VERSION}`,
    push: push === true,
    ...(username !== undefined && password !== undefined ? { auth: { username, password } } : {}),
    ...(json ? {} : { onProgress: (line: string) => process.stderr.write(`${line}\n`) }),
  });
  const kib = Math.round(built.bundleBytes / 1024);
  const pushed = built.pushed ? ', pushed' : '';
  process.stdout.write(json ? `${JSON.stringify(built)}\n` : `${built.tag} ${built.id}, agent ${kib} KiB${pushed}\n`);
}
