import { type Agbot, startAgbot } from '../agbot/start-agbot.ts';
import type { Ask } from '../ask.ts';
import { type Css, startCss } from '../css/start-css.ts';
import { type ExchangeSimulator, startExchange } from '../exchange/exchange.ts';
import type { HttpBehaviour, HubState } from '../types.ts';
import { askExchange, loginAt } from './exchange-in-process.ts';
import { DEMO_STATE, publisherOf } from './hub-state.ts';

export interface HubOptions {
  /** What there is at the start; the demo's organisation when absent. */
  readonly state?: HubState;
  /** Port of the Exchange; the CSS takes the next one. Absent: any free ones. */
  readonly port?: number;
  /** Added to every answer of both servers. */
  readonly latencyMs?: number;
  /** Asked for every request to either server; `index` counts both in order of arrival. */
  readonly fate?: NonNullable<HttpBehaviour['fate']>;
  /** Both servers over TLS (PEM). */
  readonly tls?: NonNullable<HttpBehaviour['tls']>;
  /** From the CSS's answer to a write until it tells nodes of it; see CssOptions. */
  readonly queueMs?: number;
  /** The agbot works by itself at this interval; without it, only when told (`hub.agbot.tick()`). */
  readonly agbotTickMs?: number;
  /** Unix milliseconds, for the CSS: expiry and cached logins. */
  readonly now?: () => number;
}

/** What a publisher needs to use a hub. */
export interface HubAccess {
  /** HZN_EXCHANGE_URL, ends in /v1. */
  readonly exchangeUrl: string;
  /** HZN_FSS_CSSURL. */
  readonly cssUrl: string;
  readonly org: string;
  /** User name without its organisation. */
  readonly user: string;
  readonly password: string;
}

/** A running hub: Exchange, CSS and agbot. */
export interface Hub {
  readonly exchange: ExchangeSimulator;
  readonly css: Css;
  readonly agbot: Agbot;
  readonly access: HubAccess;
  /** Requests to the Exchange from the same process; paths below /v1. */
  readonly askExchange: Ask;
  close(): Promise<void>;
}

/**
 * Starts a whole hub on 127.0.0.1. CSS and agbot ask the Exchange in process: `exchange.seen`, `css.seen` and `fate` are
 * about the requests of others alone.
 */
export async function startHub(options: HubOptions = {}): Promise<Hub> {
  const { state = DEMO_STATE, port, latencyMs, fate, tls, agbotTickMs, queueMs, now } = options;
  let arrived = 0;
  const behaviour: HttpBehaviour = {
    ...(latencyMs !== undefined && { latencyMs }),
    ...(tls && { tls }),
    ...(fate && {
      fate: (request) => {
        const index = arrived;
        arrived += 1;
        return fate({ ...request, index });
      },
    }),
  };
  const at = (offset: number): HttpBehaviour =>
    port === undefined ? behaviour : { ...behaviour, port: port + offset };

  const exchange = await startExchange({ ...at(0), state });
  const css = await startCss({
    ...at(1),
    exchange: loginAt(exchange),
    ...(queueMs !== undefined && { queueMs }),
    ...(now && { now }),
  });
  const ask = askExchange(exchange);
  const agbot = startAgbot({
    exchange: ask,
    css: css.ask,
    orgs: () => [...exchange.store.orgs.keys()],
    auth: agbotAuth(state),
    told: () => css.settled(),
    ...(agbotTickMs !== undefined && { tickMs: agbotTickMs }),
  });
  return {
    exchange,
    css,
    agbot,
    access: { exchangeUrl: exchange.url, cssUrl: css.url, ...publisherOf(state), password: state.password },
    askExchange: ask,
    async close() {
      await agbot.close();
      await css.close();
      await exchange.close();
    },
  };
}

/** An agbot of IBM serves everybody; a state without one, kept exactly as it is, is served in the name of root. */
function agbotAuth({ agbots = [], password }: HubState): string {
  const agbot = agbots.find(({ id }) => id.startsWith('IBM/'));
  return agbot === undefined ? `root/root:${password}` : `${agbot.id}:${agbot.token}`;
}
