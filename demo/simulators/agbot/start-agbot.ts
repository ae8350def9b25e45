import { createHash, randomBytes } from 'node:crypto';
import { type Ask, AskFailed } from '../ask.ts';
import { repeat } from '../repeat.ts';
import { Placer } from './placer.ts';
import { type Agreement, type AgreementStep, planAgreements, possibleTerms } from './plan-agreements.ts';
import { readWorld } from './world.ts';

export interface AgbotOptions {
  readonly exchange: Ask;
  readonly css: Ask;
  /** Organisations that it serves, asked for at every tick. */
  readonly orgs: () => readonly string[];
  /** `org/id:secret` of somebody who may read every organisation: an agbot of IBM, or root. */
  readonly auth: string;
  /** When the CSS has told nodes of everything it was given: a tick ends there. */
  readonly told: () => Promise<void>;
  /** Works by itself at this interval; without it only `tick` makes it work. */
  readonly tickMs?: number;
}

/** A running agbot. The messages between it and the agents are method calls here. */
export interface Agbot {
  /** All agreements, proposed and accepted. */
  readonly agreements: readonly Agreement[];
  /** What a node (`org/id`) has agreed to, or is asked to. */
  agreementsOf(node: string): readonly Agreement[];
  /** The node runs it. */
  accept(agreementId: string): void;
  /** The node gives it up; the next tick proposes it again if it is still possible. */
  cancel(agreementId: string): void;
  /** Reads Exchange and CSS once, makes and ends agreements, places objects. @returns whether both could be asked */
  tick(): Promise<boolean>;
  close(): Promise<void>;
}

export function startAgbot(options: AgbotOptions): Agbot {
  const { exchange, css, auth, orgs, told, tickMs } = options;
  const consumer = auth.slice(0, auth.indexOf(':'));
  let agreements: readonly Agreement[] = [];
  const placer = new Placer(css, auth);
  let ticking: Promise<boolean> = Promise.resolve(true);

  const tickOnce = async (): Promise<boolean> => {
    try {
      const world = await readWorld(exchange, auth, orgs());
      agreements = planAgreements(agreements, possibleTerms(world)).reduce(
        (held, step) => carryOut(held, step, consumer),
        agreements,
      );
      await placer.place(world, agreements);
      await told();
      return true;
    } catch (error) {
      // Whatever could not be asked is asked again; agreements stand until somebody says otherwise.
      if (error instanceof AskFailed) return false;
      throw error;
    }
  };
  const tick = (): Promise<boolean> => {
    ticking = ticking.then(tickOnce);
    return ticking;
  };
  const stopTicking = repeat(tickMs, tick);

  return {
    get agreements() {
      return agreements;
    },
    agreementsOf: (node) => agreements.filter((agreement) => agreement.node === node),
    accept(id) {
      agreements = agreements.map((each) => (each.id === id ? { ...each, state: 'accepted' } : each));
    },
    cancel(id) {
      agreements = agreements.filter((each) => each.id !== id);
    },
    tick,
    async close() {
      stopTicking();
      await ticking;
    },
  };
}

function carryOut(held: readonly Agreement[], step: AgreementStep, consumer: string): readonly Agreement[] {
  switch (step.kind) {
    case 'propose':
      return [...held, { ...step.terms, id: newAgreementId(), consumer, state: 'proposed' }];
    case 'cancel':
      return held.filter((each) => each !== step.agreement);
    case 'update':
      return held.map((each) => (each === step.agreement ? { ...each, ...step.terms } : each));
  }
}

const newAgreementId = (): string => createHash('sha256').update(randomBytes(32)).digest('hex');
