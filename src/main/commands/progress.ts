/** A bar on standard error for what takes longer than two seconds, when somebody is looking. */
import { systemClock } from '../../base/clock.ts';

const PATIENCE_MS = 2000;
const REDRAW_MS = 100;
const WIDTH = 40;

/** What a bar needs of the stream it is drawn on. */
export interface Terminal {
  readonly isTTY: boolean;
  write(text: string): boolean;
}

export interface ProgressBar {
  readonly show: (done: number, total: number) => void;
  /** Wipes the bar. */
  readonly end: () => void;
}

export function progressBar(what: string, stream: Terminal = process.stderr, clock = systemClock): ProgressBar {
  const startedMs = clock.monotonicMs();
  let drawnMs = startedMs + PATIENCE_MS - REDRAW_MS;
  let isDrawn = false;
  return {
    show(done, total) {
      const nowMs = clock.monotonicMs();
      if (!stream.isTTY || nowMs < drawnMs + REDRAW_MS) return;
      drawnMs = nowMs;
      isDrawn = true;
      const share = total === 0 ? 1 : done / total;
      const filled = Math.round(share * WIDTH);
      stream.write(`\r${what} [${'#'.repeat(filled)}${' '.repeat(WIDTH - filled)}] ${Math.floor(share * 100)} %`);
    },
    end() {
      if (isDrawn) stream.write('\r\u001b[K');
    },
  };
}
