/** Checking a PMS rule by rule and saying what was found. */
import { randomBytes } from 'node:crypto';
import type { Clock } from '../../../base/clock.ts';
import { CounterfoilError, messageOf } from '../../../base/errors.ts';
import { Shortfall } from './expect.ts';
import { Peer } from './peer.ts';
import type { CheckContext, Rule } from './rule.ts';
import { RULES } from './rules.ts';
import { SampleStream } from './sample.ts';

interface RuleFinding {
  readonly rule: string;
  readonly demands: string;
  /** `not_checked`: the rule says nothing here, for example about a token when none was given. */
  readonly verdict: 'ok' | 'short' | 'not_checked';
  /** What falls short, or a remark; empty when there is nothing to say. */
  readonly detail: string;
}

export interface PmsCheckResult {
  readonly url: string;
  /** Under which the check's made-up records are now in the PMS's books. */
  readonly gateway_id: string;
  readonly ok: boolean;
  readonly findings: readonly RuleFinding[];
}

/**
 * Sends made-up records under a gateway id of its own, `check-<random>`, and compares the answers with the rules.
 * The PMS keeps these records, so check a real one in its test environment.
 * @throws CounterfoilError `pms_unavailable` when nothing answers at the address.
 */
export async function checkPms(url: string, token: string | null, clock: Clock): Promise<PmsCheckResult> {
  const peer = new Peer(url, token);
  const gatewayId = `check-${randomBytes(6).toString('hex')}`;
  const context = { peer, gatewayId, stream: () => new SampleStream(gatewayId, clock.utcMs()) };
  try {
    // Thrown on, not recorded: without anybody at the address there is no PMS to find fault with.
    await peer.ping();
    const findings: RuleFinding[] = [];
    for (const rule of RULES) findings.push(await find(rule, context));
    return { url, gateway_id: gatewayId, ok: findings.every(({ verdict }) => verdict !== 'short'), findings };
  } finally {
    await peer.close();
  }
}

async function find(rule: Rule, context: CheckContext): Promise<RuleFinding> {
  const of = { rule: rule.name, demands: rule.demands };
  if (rule.needsToken && !context.peer.hasToken) return { ...of, verdict: 'not_checked', detail: 'no token was given' };
  try {
    return { ...of, verdict: 'ok', detail: (await rule.run(context)) ?? '' };
  } catch (error) {
    if (!isShortfall(error)) throw error;
    return { ...of, verdict: 'short', detail: messageOf(error) };
  }
}

/** No answer to one rule's request is a fault of the PMS; anything else unexpected is one of this program. */
function isShortfall(error: unknown): boolean {
  if (error instanceof CounterfoilError) return error.code === 'pms_unavailable';
  return error instanceof Shortfall;
}

const MARKS = { ok: 'ok', short: 'SHORT', not_checked: '-' } as const;

/** The findings as a table for people, one rule a line. */
export function findingsTable(result: PmsCheckResult): string {
  const width = Math.max(...result.findings.map(({ rule }) => rule.length));
  const lines = result.findings.map(({ rule, verdict, demands, detail }) => {
    const text = detail === '' ? demands : `${demands}: ${detail}`;
    return `${rule.padEnd(width)}  ${MARKS[verdict].padEnd(5)}  ${text}`;
  });
  const short = result.findings.filter(({ verdict }) => verdict === 'short').length;
  const total = `${result.findings.length} rules, ${short} fall short; made-up records were sent as ${result.gateway_id}`;
  return `${lines.join('\n')}\n${total}\n`;
}
