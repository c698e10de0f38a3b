/**
 * Lanes as witnesses: the checkpoint that a record carries back (`witnessed_checkpoint`) is put before the trail once the
 * record has been answered. A till that was shown more than there is now knows that the end of the trail is lost.
 *
 * Bounded in every direction, because a lane can write whatever it likes there: of each lane only the newest note waits,
 * the same one is not looked at twice in a row, and so many in a second are looked at over all lanes. What is lost by that
 * comes again with the lane's next record. Nothing of it is on disk but the entries `lane_witness`.
 */
import type { Clock, Timers } from '../base/clock.ts';
import { messageOf } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import type { TrailBodyOf } from '../record/trail-kinds.ts';
import { parseCheckpoint, parseOrigin } from '../tlog/checkpoint.ts';
import { parseNote } from '../tlog/note.ts';

/** What the trail finds about a note. `not_ours`: no checkpoint that this gateway has signed. */
export type EchoVerdict = 'consistent' | 'ahead' | 'fork' | 'not_ours';

export interface LaneEchoParts {
  /** Judges a checkpoint; logs and alarms what does not fit. */
  judge(note: string): Promise<EchoVerdict>;
  /** Writes an entry `lane_witness` into the audit trail. */
  note(body: TrailBodyOf<'lane_witness'>): Promise<unknown>;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly log: Log;
}

/** Time between two looks: checking a signature takes a tenth of a millisecond, so this is a five-hundredth of the thread. */
const PACE_MS = 50;
/** More lanes than any store has. */
const MAX_LANES = 1000;
/** That a lane agrees is worth an entry this often: between two of them it can only have grown. */
const AGREES_EVERY_MS = 15 * 60_000;

interface LaneState {
  heard: string;
  agreedAtMs: number | null;
  readonly disagreed: Map<EchoVerdict, number>;
}

export class LaneEcho {
  readonly #parts: LaneEchoParts;
  readonly #lanes = new Map<string, LaneState>();
  /** By lane, in the order in which they came. */
  readonly #waiting = new Map<string, string>();
  #cancel: (() => void) | null = null;
  #looking: Promise<void> = Promise.resolve();
  #stopped = false;

  constructor(parts: LaneEchoParts) {
    this.#parts = parts;
  }

  /** What a record of this lane, just answered, has carried back. Costs nothing. */
  take(lane: string, note: string): void {
    const state = this.#lanes.get(lane);
    if (this.#stopped || state?.heard === note) return;
    if (state !== undefined) state.heard = note;
    else if (this.#lanes.size < MAX_LANES) {
      this.#lanes.set(lane, { heard: note, agreedAtMs: null, disagreed: new Map() });
    } else return;
    this.#waiting.set(lane, note);
    this.#cancel ??= this.#parts.timers.after(0, () => this.#next());
  }

  /** Looks at nothing more; resolves when the look under way has ended. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#cancel?.();
    this.#waiting.clear();
    await this.#looking;
  }

  #next(): void {
    const [first] = this.#waiting;
    if (first === undefined || this.#stopped) {
      this.#cancel = null;
      return;
    }
    const [lane, note] = first;
    this.#waiting.delete(lane);
    this.#looking = this.#look(lane, note).finally(() => {
      this.#cancel = this.#stopped ? null : this.#parts.timers.after(PACE_MS, () => this.#next());
    });
  }

  async #look(lane: string, note: string): Promise<void> {
    try {
      const verdict = await this.#parts.judge(note);
      if (this.#isNews(lane, verdict)) await this.#tell(lane, note, verdict);
    } catch (error) {
      this.#parts.log.error('a checkpoint of a lane could not be judged', { lane, error: messageOf(error) });
    }
  }

  /** What does not fit is news at the 1st, 2nd, 4th, 8th … time. */
  #isNews(lane: string, verdict: EchoVerdict): boolean {
    const state = this.#lanes.get(lane);
    if (state === undefined) return false;
    if (verdict !== 'consistent') {
      const count = (state.disagreed.get(verdict) ?? 0) + 1;
      state.disagreed.set(verdict, count);
      return (count & (count - 1)) === 0;
    }
    const nowMs = this.#parts.clock.monotonicMs();
    if (state.agreedAtMs !== null && nowMs - state.agreedAtMs < AGREES_EVERY_MS) return false;
    state.agreedAtMs = nowMs;
    return true;
  }

  async #tell(lane: string, note: string, verdict: EchoVerdict): Promise<void> {
    if (verdict !== 'consistent') {
      this.#parts.log.warn('a lane shows a checkpoint that is not in the trail', { lane, code: verdict });
    }
    await this.#parts.note({ lane, verdict, ...(verdict === 'not_ours' ? NOBODYS : placeOf(note)) });
  }
}

/** What is not ours is anybody's text, and stays out of the trail. */
const NOBODYS: Place = { log: null, size: null };

type Place = Pick<TrailBodyOf<'lane_witness'>, 'log' | 'size'>;

function placeOf(note: string): Place {
  const reading = parseNote(note);
  const checkpoint = reading.ok ? parseCheckpoint(reading.note.text) : null;
  if (checkpoint?.ok !== true) return NOBODYS;
  const { origin, size } = checkpoint.checkpoint;
  const log = parseOrigin(origin)?.log;
  return log === 'audit' || log === 'schedule_two' ? { log, size } : NOBODYS;
}
