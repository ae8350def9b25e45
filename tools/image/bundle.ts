import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const ENTRY = fileURLToPath(import.meta.resolve('#agent/main.ts'));

/** dockerode can also speak ssh and BuildKit; the agent does neither, and both bring native or large packages. */
const UNUSED: Readonly<Record<string, string>> = { ssh2: 'node:module', 'cpu-features': 'node:module' };

/**
 * The agent as one file of JavaScript, for the image.
 *
 * @returns the bundle's text, and its size in bytes
 */
export async function bundleAgent(): Promise<{ readonly code: string; readonly bytes: number }> {
  const { outputFiles } = await build({
    entryPoints: [ENTRY],
    bundle: true,
    write: false,
    platform: 'node',
    target: 'node24',
    format: 'esm',
    minifySyntax: true,
    minifyWhitespace: true,
    legalComments: 'none',
    alias: UNUSED,
    // CommonJS packages in it look for these.
    banner: {
      js: "import { createRequire } from 'node:module'; import { fileURLToPath as __toPath } from 'node:url'; import { dirname as __dir } from 'node:path'; const require = createRequire(import.meta.url); const __filename = __toPath(import.meta.url); const __dirname = __dir(__filename);",
    },
    logLevel: 'silent',
  });
  const code = outputFiles[0]?.text ?? '';
  return { code, bytes: Buffer.byteLength(code) };
}
