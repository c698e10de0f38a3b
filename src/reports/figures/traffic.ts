/** What went over the line to the PMS, and what came of it. */
import type { Stream } from '../../record/types.ts';
import type { Told } from './bodies.ts';
import { type Counter, Tally } from './counter.ts';
import { type DurationFigures, Durations } from './durations.ts';

export interface TrafficFigures {
  readonly requests: number;
  readonly bytes: number;
  readonly answers: number;
  /** Answers by HTTP status, and requests without an answer by what was wrong. */
  readonly outcomes: Readonly<Record<string, number>>;
  readonly answer_ms: DurationFigures | null;
  /** `[at_ms, stream, alarm, active]` */
  readonly alarms: readonly (readonly [number, Stream, string, boolean])[];
  readonly gaps_noted: number;
  /** Reconciliation runs that ended with a signed manifest: `[run, began_utc, ended_utc, records, unsigned]`. */
  readonly manifests: readonly (readonly [number, string, string, number, number])[];
}

export class Traffic implements Counter {
  #requests = 0;
  #bytes = 0;
  #answers = 0;
  readonly #outcomes = new Tally<string>();
  readonly #answerMs = new Durations();
  readonly #alarms: [number, Stream, string, boolean][] = [];
  #gapsNoted = 0;
  readonly #manifests: [number, string, string, number, number][] = [];

  see(entry: Told, isInWindow: boolean): void {
    if (!isInWindow) return;
    switch (entry.kind) {
      case 'sync_attempt':
        this.#requests += 1;
        this.#bytes += entry.body.bytes;
        return;
      case 'sync_answer': {
        const { fault, ms, status } = entry.body;
        this.#outcomes.add(status === undefined ? (fault ?? 'unknown') : String(status));
        if (status === undefined) return;
        this.#answers += 1;
        this.#answerMs.add(ms);
        return;
      }
      case 'sync_alarm':
        this.#alarms.push([entry.atMs, entry.body.stream, entry.body.alarm, entry.body.active]);
        return;
      case 'gap_noted':
        this.#gapsNoted += entry.body.sequences.length;
        return;
      case 'manifest': {
        const { run, began_at_utc: began, ended_at_utc: ended, records, unsigned } = entry.body.statement;
        this.#manifests.push([run, began, ended, records, unsigned]);
        return;
      }
      default:
    }
  }

  end(): void {}

  figures(): TrafficFigures {
    return {
      requests: this.#requests,
      bytes: this.#bytes,
      answers: this.#answers,
      outcomes: this.#outcomes.figures,
      answer_ms: this.#answerMs.figures(),
      alarms: this.#alarms,
      gaps_noted: this.#gapsNoted,
      manifests: this.#manifests,
    };
  }
}
