/**
 * `/events`: server-sent events. `figures` carries live figures for programs and screens of their own, `parts` the parts
 * of the page named by `?page=` that have changed. Nothing of a record. A stream ends after a minute, so
 * that whoever may no longer look is noticed; a page opens the next one if somebody is there.
 */
import type { Context } from 'hono';
import { streamSSE } from 'hono/streaming';
import type { Clock } from '../base/clock.ts';
import { SCHEDULES } from '../record/types.ts';
import type { Facts } from './facts.ts';
import type { Markup } from './pages/layout.ts';
import { countOf, oldestOf, waitingCount } from './tally.ts';

export interface EventParts {
  readonly clock: Clock;
  readonly facts: () => Facts;
  /** Parts of a page by their names; null for a page without any. */
  readonly partsOf: (page: string, facts: Facts) => Readonly<Record<string, Markup>> | null;
}

export const EVENT_LIMITS = {
  /** A connection each; the listener has to answer others too. */
  streams: 24,
  everyMs: 2000,
  lifeMs: 60_000,
};

export class Events {
  readonly #parts: EventParts;
  #open = 0;

  constructor(parts: EventParts) {
    this.#parts = parts;
  }

  /** Answers with a stream, or 503 when there are too many. */
  answer(c: Context): Response {
    if (this.#open >= EVENT_LIMITS.streams) {
      return c.json({ status: 503, message: 'Too many screens are watching; try again in a minute.' }, 503, {
        'Retry-After': '60',
      });
    }
    const page = c.req.query('page') ?? '';
    this.#open += 1;
    return streamSSE(c, async (stream) => {
      let isOver = false;
      stream.onAbort(() => {
        isOver = true;
      });
      try {
        const { clock } = this.#parts;
        const untilMs = clock.monotonicMs() + EVENT_LIMITS.lifeMs;
        const sent = new Map<string, string>();
        while (!isOver && clock.monotonicMs() < untilMs) {
          const facts = this.#parts.facts();
          await stream.writeSSE({ event: 'figures', data: JSON.stringify(liveFigures(facts)) });
          const changed = await changedParts(this.#parts.partsOf(page, facts), sent);
          if (changed !== null) await stream.writeSSE({ event: 'parts', data: changed });
          await stream.sleep(EVENT_LIMITS.everyMs);
        }
        if (!isOver) await stream.writeSSE({ event: 'end', data: '{}' });
      } finally {
        this.#open -= 1;
      }
    });
  }
}

async function changedParts(
  parts: Readonly<Record<string, Markup>> | null,
  sent: Map<string, string>,
): Promise<string | null> {
  const changed: Record<string, string> = {};
  for (const [name, markup] of Object.entries(parts ?? {})) {
    const text = (await markup).toString();
    if (sent.get(name) === text) continue;
    sent.set(name, text);
    changed[name] = text;
  }
  return Object.keys(changed).length === 0 ? null : JSON.stringify(changed);
}

function liveFigures({ buffer, commitP99Ms, intake, link, mode, nowMs, status, storage }: Facts) {
  const age = (schedules: typeof SCHEDULES | readonly ['II']) => {
    const oldest = oldestOf(buffer, schedules);
    return oldest === null ? null : { seconds: Math.round(oldest.ageMs / 1000), at_least: !oldest.sameBoot };
  };
  return {
    time_utc: new Date(nowMs).toISOString(),
    health: status,
    mode: mode.mode,
    link: link?.link ?? null,
    pending: countOf(buffer, 'PENDING'),
    pending_schedule_two: countOf(buffer, 'PENDING', ['II']),
    oldest_pending: age(SCHEDULES),
    oldest_pending_schedule_two: age(['II']),
    waiting_for_a_person: waitingCount(buffer),
    accepted_total: buffer?.acceptedTotal ?? 0,
    commit_p99_ms: commitP99Ms,
    lanes_lit: intake.lanes.filter(({ connections }) => connections > 0).length,
    storage_utilisation: storage?.utilisation ?? null,
  };
}
