/** The gateway's own figures, read from `/api/v1/status` like any other screen would. */
import { z } from 'zod';

/** What waits to go to the PMS in one stream. */
export interface StreamFigures {
  readonly pending: number;
  /** Null when nothing is pending. */
  readonly oldestSeconds: number | null;
}

export interface GatewayFigures {
  readonly mode: string;
  readonly modeReasons: readonly string[];
  /** Null when no link is watched. */
  readonly link: string | null;
  readonly health: string;
  readonly standard: StreamFigures;
  readonly scheduleTwo: StreamFigures;
  /** Records in the buffer, whatever their state. */
  readonly durable: number;
  readonly synced: number;
  readonly quarantined: number;
}

const ScheduleFigures = z.object({
  schedule: z.string(),
  states: z.record(z.string(), z.number()),
  oldest_pending: z.object({ age_seconds: z.number() }).nullable(),
});
type ScheduleFigures = z.infer<typeof ScheduleFigures>;

const StatusAnswer = z.object({
  health: z.object({ status: z.string() }),
  mode: z.object({ mode: z.string(), reasons: z.array(z.string()) }),
  link: z.object({ link: z.string() }).nullable(),
  records: z.object({ schedules: z.array(ScheduleFigures) }).nullable(),
});

const ANSWER_LIMIT_MS = 1000;

/** Null when no gateway answers there in time, or with something else. */
export async function readFigures(gatewayUrl: string): Promise<GatewayFigures | null> {
  try {
    const signal = AbortSignal.timeout(ANSWER_LIMIT_MS);
    const response = await fetch(new URL('/api/v1/status', gatewayUrl), { redirect: 'error', signal });
    return figuresFrom(await response.json());
  } catch {
    return null;
  }
}

/** The figures in an answer; null when it is not one of a gateway. */
export function figuresFrom(answer: unknown): GatewayFigures | null {
  const parsed = StatusAnswer.safeParse(answer);
  if (!parsed.success) return null;
  const { health, link, mode, records } = parsed.data;
  const schedules = records?.schedules ?? [];
  return {
    mode: mode.mode,
    modeReasons: mode.reasons,
    link: link?.link ?? null,
    health: health.status,
    standard: streamFigures(schedules.filter(({ schedule }) => schedule !== 'II')),
    scheduleTwo: streamFigures(schedules.filter(({ schedule }) => schedule === 'II')),
    durable: schedules.reduce((sum, { states }) => sum + Object.values(states).reduce((a, b) => a + b, 0), 0),
    synced: inState(schedules, 'SYNCED'),
    quarantined: inState(schedules, 'QUARANTINED'),
  };
}

function streamFigures(schedules: readonly ScheduleFigures[]): StreamFigures {
  const ages = schedules.flatMap(({ oldest_pending: oldest }) => (oldest === null ? [] : [oldest.age_seconds]));
  return {
    pending: inState(schedules, 'PENDING'),
    oldestSeconds: ages.length === 0 ? null : Math.max(...ages),
  };
}

function inState(schedules: readonly ScheduleFigures[], state: string): number {
  return schedules.reduce((sum, { states }) => sum + (states[state] ?? 0), 0);
}
