/** Looks at the gateway four times a second and keeps what a screen shows of the past: events and the depth of the queue. */
import type { GatewayFigures } from './figures.ts';
import { type Event, pendingOf } from './look.ts';
import type { Time } from './wait.ts';

export interface WatchOptions extends Time {
  /** Null when the gateway does not answer. */
  readonly readFigures: () => Promise<GatewayFigures | null>;
  /** Told of each event, for a log. */
  readonly onEvent: (event: Event) => void;
}

const LOOK_EVERY_MS = 250;
const DEPTH_EVERY_MS = 1000;
const DEPTHS_KEPT = 60;
const EVENTS_KEPT = 50;

export class Watch {
  readonly #options: WatchOptions;
  readonly #startedMs: number;
  #figures: GatewayFigures | null = null;
  #events: Event[] = [];
  #depths: number[] = [];
  #nextDepthMs = 0;
  #cancel: (() => void) | null = null;

  constructor(options: WatchOptions) {
    this.#options = options;
    this.#startedMs = options.clock.monotonicMs();
  }

  start(): void {
    this.#schedule();
  }

  stop(): void {
    this.#cancel?.();
    this.#cancel = null;
  }

  get elapsedMs(): number {
    return this.#options.clock.monotonicMs() - this.#startedMs;
  }

  get figures(): GatewayFigures | null {
    return this.#figures;
  }

  get events(): readonly Event[] {
    return this.#events;
  }

  get depths(): readonly number[] {
    return this.#depths;
  }

  note(text: string): void {
    const event = { atMs: this.elapsedMs, text };
    this.#events = [...this.#events.slice(1 - EVENTS_KEPT), event];
    this.#options.onEvent(event);
  }

  /** Asks the gateway now; null when it does not answer, and what was known stays. */
  async look(): Promise<GatewayFigures | null> {
    const figures = await this.#options.readFigures();
    if (figures !== null) {
      for (const text of changes(this.#figures, figures)) this.note(text);
      this.#figures = figures;
    }
    return figures;
  }

  #schedule(): void {
    this.#cancel = this.#options.timers.after(LOOK_EVERY_MS, () => {
      this.#schedule();
      this.#sampleDepth();
      void this.look();
    });
  }

  #sampleDepth(): void {
    if (this.elapsedMs < this.#nextDepthMs) return;
    this.#nextDepthMs = this.elapsedMs + DEPTH_EVERY_MS - LOOK_EVERY_MS / 2;
    this.#depths = [...this.#depths.slice(1 - DEPTHS_KEPT), pendingOf(this.#figures)];
  }
}

/** What is news in the gateway's figures, as sentences. */
export function changes(before: GatewayFigures | null, now: GatewayFigures): string[] {
  if (before === null) return [];
  const news: string[] = [];
  if (before.link !== now.link) news.push(`gateway: link ${before.link ?? '?'} -> ${now.link ?? '?'}`);
  if (before.mode !== now.mode) {
    const why = now.modeReasons.length === 0 ? '' : ` (${now.modeReasons.join(', ')})`;
    news.push(`gateway: mode ${before.mode} -> ${now.mode}${why}, ${pendingOf(now)} pending`);
  }
  const quarantined = now.quarantined - before.quarantined;
  if (quarantined > 0) news.push(`gateway: ${quarantined} altered, QUARANTINED; the PMS gets a gap marker`);
  return news;
}
