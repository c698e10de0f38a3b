/**
 * The show: four tills, a gateway, a bad line and a PMS, each a real part in a place of its own, and the trouble that can
 * be made for them. Who presses the keys (a person, a script) and who looks (a screen, a log) is not decided here.
 */
import type { Expected } from '../checker/judge.ts';
import { type Verdict, verdictFigures, verdictLine } from '../checker/verdict.ts';
import type { ProgramCommand } from './child.ts';
import { readFigures } from './figures.ts';
import { type Event, isSettled, type Look, pendingOf, tillTotals } from './look.ts';
import { Parts, type PartsOptions } from './parts.ts';
import { runChecker } from './run-checker.ts';
import { Trouble } from './trouble.ts';
import { type Time, until, untilLasting } from './wait.ts';
import { Watch } from './watch.ts';

export interface ShowOptions extends Time, Omit<PartsOptions, 'timers' | 'onBroken'> {
  readonly onEvent: (event: Event) => void;
}

/** A till may take half a minute to its next attempt to connect, and a minute to the next one with a deferred record. */
const DRAIN_LIMIT_MS = 75_000;
/** The gateway's figures follow its commits after a moment, and a gap marker follows its quarantine without any figure. */
const DRAINED_FOR_MS = 1000;

export class Show {
  readonly #time: Time;
  readonly #program: ProgramCommand;
  readonly #parts: Parts;
  readonly #watch: Watch;
  readonly #trouble: Trouble;
  readonly #broken = Promise.withResolvers<never>();
  #verdict: Look['verdict'] = null;
  #isChecking = false;
  #isStopping = false;

  constructor(options: ShowOptions) {
    const { clock, timers, onEvent, ...rest } = options;
    const onBroken = (error: Error) => this.#broken.reject(error);
    this.#time = { clock, timers };
    this.#program = options.program;
    this.#parts = new Parts({ ...rest, timers, onBroken });
    this.#watch = new Watch({ clock, timers, onEvent, readFigures: () => readFigures(this.#parts.gateway.httpUrl) });
    this.#trouble = new Trouble({ clock, timers, parts: this.#parts, watch: this.#watch, onBroken });
    this.#broken.promise.catch(() => undefined);
  }

  /** Starts all parts; the tills sell from then on. */
  async start(): Promise<void> {
    await this.#parts.start();
    this.#watch.start();
    this.#watch.note('four tills sell; gateway and PMS are up');
  }

  /** Rejects when a part has ended by itself or did not come back; never resolves. */
  get broken(): Promise<never> {
    return this.#broken.promise;
  }

  get isBusy(): boolean {
    return this.#trouble.isBusy;
  }

  look(): Look {
    const { elapsedMs, figures, depths, events } = this.#watch;
    return {
      elapsedMs,
      figures,
      depths,
      events,
      tills: this.#parts.tills.look(),
      gateway: this.#trouble.gateway,
      wan: this.#parts.wan.state,
      urls: { gateway: `${this.#parts.gateway.httpUrl}/`, pms: this.#parts.pmsUrl },
      verdict: this.#verdict,
      isChecking: this.#isChecking,
      isStopping: this.#isStopping,
    };
  }

  isSettled(): boolean {
    return !this.isBusy && isSettled(this.look());
  }

  /** This and the trouble below do nothing once the show is being stopped. */
  async cut(kind: 'cut' | 'silent'): Promise<void> {
    if (!this.#isStopping) await this.#trouble.line(kind);
  }

  async heal(): Promise<void> {
    if (!this.#isStopping) await this.#trouble.line('open');
  }

  async portal(): Promise<void> {
    if (!this.#isStopping) await this.#trouble.line('portal');
  }

  async kill(): Promise<void> {
    if (!this.#isStopping) await this.#trouble.kill();
  }

  async alter(): Promise<void> {
    if (!this.#isStopping) await this.#trouble.alter();
  }

  /** Runs the checker on everything as it is now. */
  async check(): Promise<Verdict> {
    return await this.#check({ complete: false, altered: this.#trouble.altered });
  }

  /** Closes the shop, lets the queue drain (bounded), stops all parts, and has the checker read everything. */
  async finish(): Promise<Verdict> {
    this.#isStopping = true;
    this.#parts.tills.closeShop();
    this.#watch.note('no more sales; the queue drains');
    await until(this.#time, () => !this.isBusy && !this.#isChecking, DRAIN_LIMIT_MS);
    if (this.#parts.wan.state !== 'open') await this.#trouble.line('open');
    await this.#drained();
    await this.stop();
    return await this.#check({ complete: true, altered: this.#trouble.altered });
  }

  async stop(): Promise<void> {
    this.#isStopping = true;
    this.#watch.stop();
    await this.#parts.stop();
  }

  /** Without waiting, when the process must end at once. */
  abandon(): void {
    this.#parts.abandon();
  }

  async #drained(): Promise<void> {
    const isDrained = async () => {
      // The tills first: what they hand over after the gateway was asked, its answer does not count.
      const { sold, acknowledged } = tillTotals(this.#parts.tills.look());
      const figures = await this.#watch.look();
      return figures !== null && pendingOf(figures) === 0 && sold === acknowledged;
    };
    const hasDrained = await untilLasting(this.#time, isDrained, DRAINED_FOR_MS, DRAIN_LIMIT_MS);
    if (!hasDrained) this.#watch.note('the queue did not drain in time');
  }

  async #check(expected: Expected): Promise<Verdict> {
    this.#isChecking = true;
    try {
      const verdict = await runChecker(this.#program, this.#parts.files, expected);
      this.#verdict = { verdict, atMs: this.#watch.elapsedMs };
      const { content } = verdict;
      this.#watch.note(content ? `checked: ${verdictFigures(verdict)}` : `checker ${verdictLine(verdict)}`);
      return verdict;
    } finally {
      this.#isChecking = false;
    }
  }
}
