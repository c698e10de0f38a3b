/** Checking a PMS rule by rule. */
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { type Clock, systemTimers, type Timers } from '../../../base/clock.ts';
import { CounterfoilError, messageOf } from '../../../base/errors.ts';
import { Shortfall } from './expect.ts';
import { type Exchange, Peer } from './peer.ts';
import { type CheckContext, NotChecked, type Rule } from './rule.ts';
import { RULES } from './rules.ts';
import { ACCEPTED_RULE } from './rules-stream.ts';
import { SampleStream } from './sample.ts';
import { type SingleVerdict, trySingle } from './single.ts';

export interface RuleFinding {
  readonly rule: string;
  readonly demands: string;
  /** `not_checked`: the rule says nothing here, for example about a token when none was given. */
  readonly verdict: 'ok' | 'short' | 'not_checked';
  /** What falls short, or a remark; empty when there is nothing to say. */
  readonly detail: string;
  /** With `short`: the request at which it showed and its answer, null where there was none. */
  readonly exchange: Exchange | null;
  /** What the contract says, and where in it. */
  readonly contract: string;
  readonly pointer: string;
}

export interface PmsCheckResult {
  readonly url: string;
  /** Under which the check's made-up records are now in the PMS's books. */
  readonly gateway_id: string;
  readonly ok: boolean;
  readonly findings: readonly RuleFinding[];
  /** Whether it takes single records; null when it takes batches, so that nobody needs to know. */
  readonly single: SingleVerdict | null;
}

export interface CheckOptions {
  readonly url: string;
  readonly token: string | null;
  /** PEM authorities to trust instead of the system's. */
  readonly ca?: string | null;
  readonly clock: Clock;
  /** For the time a request may take. */
  readonly timers?: Timers;
  /** Called before each rule, for those who wait. */
  readonly onRule?: (rule: string) => void;
}

/**
 * Sends made-up records under a gateway id of its own, `check-<random>`, and compares the answers with the rules.
 * The PMS keeps these records, so check a real one in its test environment.
 * @throws CounterfoilError `pms_unavailable` when nothing answers at the address.
 */
export async function checkPms(options: CheckOptions): Promise<PmsCheckResult> {
  const { url, clock, onRule = () => {} } = options;
  const peer = new Peer({ ...options, ca: options.ca ?? null, timers: options.timers ?? systemTimers });
  const gatewayId = `check-${randomBytes(6).toString('hex')}`;
  const utcMs = () => clock.utcMs();
  const context: CheckContext = {
    peer,
    gatewayId,
    trailKey: generateKeyPairSync('ed25519').privateKey,
    utcMs,
    stream: () => new SampleStream(gatewayId, clock.utcMs()),
  };
  try {
    // Thrown on, not recorded: without anybody at the address there is no PMS to find fault with.
    await peer.ping();
    const findings: RuleFinding[] = [];
    for (const rule of RULES) {
      onRule(rule.name);
      findings.push(await find(rule, context, findings));
    }
    const accepts = verdictOf(findings, ACCEPTED_RULE.name) === 'ok';
    const single = accepts ? null : await trySingle(context);
    return { url, gateway_id: gatewayId, ok: findings.every(({ verdict }) => verdict !== 'short'), findings, single };
  } finally {
    await peer.close();
  }
}

function verdictOf(findings: readonly RuleFinding[], rule: string): RuleFinding['verdict'] | undefined {
  return findings.find((finding) => finding.rule === rule)?.verdict;
}

async function find(rule: Rule, context: CheckContext, before: readonly RuleFinding[]): Promise<RuleFinding> {
  const { name, demands, contract, pointer } = rule;
  const of = { rule: name, demands, contract, pointer, exchange: null };
  if (rule.needsToken && !context.peer.hasToken) return { ...of, verdict: 'not_checked', detail: 'no token was given' };
  if (rule.needsAccepted && verdictOf(before, ACCEPTED_RULE.name) !== 'ok') {
    return { ...of, verdict: 'not_checked', detail: `mend "${ACCEPTED_RULE.name}" first` };
  }
  context.peer.takeLast();
  try {
    return { ...of, verdict: 'ok', detail: (await rule.run(context)) ?? '' };
  } catch (error) {
    if (error instanceof NotChecked) return { ...of, verdict: 'not_checked', detail: error.message };
    if (!isShortfall(error)) throw error;
    return { ...of, verdict: 'short', detail: messageOf(error), exchange: context.peer.takeLast() };
  }
}

/** No answer to one rule's request is a fault of the PMS; anything else unexpected is one of this program. */
function isShortfall(error: unknown): boolean {
  if (error instanceof CounterfoilError) return error.code === 'pms_unavailable';
  return error instanceof Shortfall;
}
