/** How much longer a certificate lasts, and how loudly to say so: at 30, 14 and 3 days. */
import { type CheckStatus, span } from './check.ts';

export const DAY_MS = 86_400_000;
/** A person is told at each; what to do is the same, how soon is not. */
export const WARN_DAYS = [30, 14, 3] as const;

/** One certificate on the box or on its way out. `fromMs` where it is known: a short one warns later. */
export interface Lasting {
  readonly fromMs?: number;
  readonly untilMs: number;
}

/** The least of `WARN_DAYS` that it is within; null while there is time. One of less than 120 days warns in its last quarter. */
export function warningOf({ fromMs, untilMs }: Lasting, nowMs: number): (typeof WARN_DAYS)[number] | null {
  const leftMs = untilMs - nowMs;
  const lifeMs = fromMs === undefined ? Number.POSITIVE_INFINITY : untilMs - fromMs;
  if (leftMs >= lifeMs / 4) return null;
  return WARN_DAYS.findLast((days) => leftMs < days * DAY_MS) ?? null;
}

/** `whose` begins a sentence. Pass while there is time. */
export function lastingVerdict(
  whose: string,
  lasting: Lasting,
  nowMs: number,
  words: { readonly expired: string; readonly remedy: string },
): { readonly status: CheckStatus; readonly output?: string } {
  const within = warningOf(lasting, nowMs);
  if (within === null) return { status: 'pass' };
  const leftMs = lasting.untilMs - nowMs;
  if (leftMs <= 0) return { status: 'warn', output: `${whose} has expired: ${words.expired} ${words.remedy}` };
  const urgency = { 30: '', 14: 'This week: ', 3: 'URGENT, today: ' }[within];
  return { status: 'warn', output: `${urgency}${whose} ends in ${span(leftMs)}. ${words.remedy}` };
}

/** Whole days left; negative when it has ended. */
export function daysLeft(untilMs: number, nowMs: number): number {
  return Math.floor((untilMs - nowMs) / DAY_MS);
}
