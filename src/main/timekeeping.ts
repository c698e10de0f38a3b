/** The watch over the box's clock, put together: its settings, and a trail entry for each change of quality and each step. */
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { systemClock, systemTimers, toUtcText } from '../base/clock.ts';
import { following } from '../base/config/following.ts';
import type { Config } from '../base/config/load.ts';
import { messageOf } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import type { RecordBuffer } from '../buffer/api.ts';
import { systemResolve } from '../link/probe.ts';
import { Timekeeper } from '../link/time/timekeeper.ts';
import type { TrailBodyOf, TrailKind } from '../record/trail-kinds.ts';
import { RELEASED_AT_MS } from './version.ts';

/** Four questions two seconds apart, as NTP's own burst; the fastest answer counts. */
const BURST = 4;
const SPACING_MS = 2_000;
const ANSWER_TIMEOUT_MS = 3_000;

export interface TimekeepingParts {
  readonly buffer: Pick<RecordBuffer, 'note'>;
  readonly log: Log;
  /** From `newestWriteMs`, taken before the buffer was opened: opening it writes. */
  readonly newestWriteMs: number | null;
  /** The quality has changed: tell the lanes. */
  readonly onChange: () => void;
}

export function timekeeper(config: Config, parts: TimekeepingParts): Timekeeper {
  const note = <K extends TrailKind>(kind: K, body: TrailBodyOf<K>) => {
    parts.buffer.note('audit', kind, body).catch((error: unknown) => {
      parts.log.error('a trail entry could not be written', { error: messageOf(error) });
    });
  };
  return new Timekeeper(
    following(() => ({
      ntpServers: config.clock.ntpServers,
      intervalMs: config.clock.ntpIntervalSeconds * 1000,
      alarmMs: config.clock.alarmSeconds * 1000,
      notBeforeMs: RELEASED_AT_MS,
      newestWriteMs: parts.newestWriteMs,
      ntp: { burst: BURST, spacingMs: SPACING_MS, timeoutMs: ANSWER_TIMEOUT_MS, pivotMs: RELEASED_AT_MS },
    })),
    {
      clock: systemClock,
      timers: systemTimers,
      random: Math.random,
      log: parts.log,
      resolve: systemResolve,
      onQuality: ({ quality, source, offsetMs, uncertaintyMs, doubt }, was) => {
        const measured =
          offsetMs === null || uncertaintyMs === null
            ? {}
            : { offset_ms: Math.round(offsetMs), uncertainty_ms: Math.round(uncertaintyMs) };
        note('clock', { from: was, to: quality, source, ...measured, ...(doubt === null ? {} : { doubt }) });
        parts.onChange();
      },
      onStep: ({ byMs, count, atMs }) => {
        const by = Math.round(byMs);
        note('clock_step', { by_ms: by, count, from: toUtcText(atMs - by), to: toUtcText(atMs) });
        parts.onChange();
      },
    },
  );
}

/** UTC of the newest write to the buffer's files; null for a new box. A clock before this has lost its time. */
export function newestWriteMs(dataDir: string): number | null {
  const times = ['buffer.db', 'buffer.db-wal'].flatMap(
    (name) => statSync(join(dataDir, name), { throwIfNoEntry: false })?.mtimeMs ?? [],
  );
  return times.length === 0 ? null : Math.max(...times);
}
