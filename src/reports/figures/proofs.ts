/** What the trail says about itself in the window: checkpoints, who has cosigned them, faults, witnesses. */
import type { TrailLog } from '../../buffer/api.ts';
import type { Told } from './bodies.ts';
import { type Counter, Tally } from './counter.ts';

export interface LogProofs {
  /** Entries before the window, and up to its end: what the figures take in. */
  readonly size_before: number;
  readonly size_after: number;
  readonly checkpoints: number;
  /** The newest signed note up to the window's end; null without one. */
  readonly newest_checkpoint: string | null;
  readonly cosigned: number;
  /** Largest size a witness has cosigned up to the window's end. */
  readonly cosigned_size: number;
  readonly segments: number;
}

export interface ProofFigures {
  readonly logs: Readonly<Record<TrailLog, LogProofs>>;
  /** What lanes carried back, by what the trail found about it. */
  readonly lane_witnesses: Readonly<Record<string, number>>;
  /** `[at_ms, log, kind, detail]`: tail_lost, fork, trail_fault. */
  readonly faults: readonly (readonly [number, TrailLog, string, string])[];
  /** `[at_ms, name, how]`: keys the trail was told of. */
  readonly keys: readonly (readonly [number, string, string])[];
}

class LogCount {
  sizeBefore = 0;
  sizeAfter = 0;
  checkpoints = 0;
  newest: string | null = null;
  cosigned = 0;
  cosignedSize = 0;
  segments = 0;

  figures(): LogProofs {
    return {
      size_before: this.sizeBefore,
      size_after: this.sizeAfter,
      checkpoints: this.checkpoints,
      newest_checkpoint: this.newest,
      cosigned: this.cosigned,
      cosigned_size: this.cosignedSize,
      segments: this.segments,
    };
  }
}

export class Proofs implements Counter {
  readonly #logs = { audit: new LogCount(), schedule_two: new LogCount() };
  readonly #witnesses = new Tally<string>();
  readonly #faults: [number, TrailLog, string, string][] = [];
  readonly #keys: [number, string, string][] = [];

  /** Any entry, of whatever kind. */
  size(log: TrailLog, index: number, isInWindow: boolean): void {
    const count = this.#logs[log];
    count.sizeAfter = Math.max(count.sizeAfter, index + 1);
    if (!isInWindow) count.sizeBefore = Math.max(count.sizeBefore, index + 1);
  }

  see(entry: Told, isInWindow: boolean): void {
    const count = this.#logs[entry.log];
    const by = isInWindow ? 1 : 0;
    switch (entry.kind) {
      case 'cp':
        count.checkpoints += by;
        count.newest = entry.body.note;
        return;
      case 'cosigned':
        count.cosigned += by;
        count.cosignedSize = Math.max(count.cosignedSize, entry.body.size);
        return;
      case 'segment':
        count.segments += by;
        return;
      default:
        if (isInWindow) this.#seeRest(entry);
    }
  }

  #seeRest(entry: Told): void {
    const { atMs, log } = entry;
    switch (entry.kind) {
      case 'lane_witness':
        this.#witnesses.add(entry.body.verdict);
        return;
      case 'tail_lost':
        this.#faults.push([
          atMs,
          log,
          'tail_lost',
          `${entry.body.by} knew ${entry.body.known}, here ${entry.body.have}`,
        ]);
        return;
      case 'fork':
        this.#faults.push([atMs, log, 'fork', `${entry.body.by}, size ${entry.body.size}`]);
        return;
      case 'trail_fault':
        this.#faults.push([
          atMs,
          log,
          'trail_fault',
          `segment ${entry.body.n}, ${entry.body.step}, ${entry.body.code}`,
        ]);
        return;
      case 'trail_key':
        this.#keys.push([atMs, entry.body.origin, 'signs checkpoints']);
        return;
      case 'witness_key':
        this.#keys.push([atMs, entry.body.key.split('+', 1)[0] ?? '', `cosigns, ${entry.body.how}`]);
        return;
      default:
    }
  }

  end(): void {}

  figures(): ProofFigures {
    return {
      logs: { audit: this.#logs.audit.figures(), schedule_two: this.#logs.schedule_two.figures() },
      lane_witnesses: this.#witnesses.figures,
      faults: this.#faults,
      keys: this.#keys,
    };
  }
}
