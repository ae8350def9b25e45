/**
 * The security agent's program: settings from the environment, one JSON line of log per event, ends on SIGTERM.
 * Bundled into one file for the image (tools/image/bundle.ts).
 */
import pino from 'pino';
import { ArmorError } from '#errors';
import { startAgent } from './agent.ts';
import type { AgentEvent } from './events/agent-event.ts';
import { readSettings } from './settings.ts';
import { AGENT_VERSION } from './version.ts';

/** What somebody has to look at; everything else is information. */
const WARNINGS: ReadonlySet<string> = new Set([
  'throttled',
  'stream-gap',
  'policy-rejected',
  'policy-vanished',
  'policy-failed',
  'policy-collision',
  'heal-reported',
  'kubearmor-down',
  'docker-down',
  'ess-down',
  'state-unwritable',
  'state-corrupt',
]);

try {
  const settings = readSettings(process.env);
  const log = pino({ level: settings.logLevel, base: null, timestamp: pino.stdTimeFunctions.isoTime });
  const logEvent = (event: AgentEvent): void => {
    const { kind, time: at, ...rest } = event;
    const fields = { at, ...rest };
    const warns = kind === 'finding' || WARNINGS.has(event.kind === 'notice' ? event.notice : '');
    if (warns) log.warn(fields, kind);
    else log.info(fields, kind);
  };
  const agent = await startAgent(settings, { log: logEvent, version: AGENT_VERSION });
  log.info({ node: settings.node, port: agent.api.port, version: AGENT_VERSION }, 'agent started');
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.once(signal, () => {
      log.info({ signal }, 'agent stops; KubeArmor keeps the policies it has');
      void agent.stop().then(() => process.exit(0));
    });
  }
} catch (error) {
  process.stderr.write(`${error instanceof ArmorError ? error : (error as Error).stack}\n`);
  process.exit(error instanceof ArmorError && error.code === 'ALREADY_RUNNING' ? 3 : 1);
}
