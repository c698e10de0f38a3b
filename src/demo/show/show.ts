/**
 * The show: four tills, a gateway, a bad line and a PMS, each a real part in a place of its own, and the trouble that can
 * be made for them. Who presses the keys (a person, a script) and who looks (a screen, a log) is not decided here.
 *
 * Trouble is made one at a time: while a gateway is being killed or a row altered, other trouble is refused.
 */
import { CounterfoilError, messageOf } from '../../base/errors.ts';
import type { Expected } from '../checker/judge.ts';
import { alterPending } from '../checker/tamper.ts';
import { type Verdict, verdictFigures, verdictLine } from '../checker/verdict.ts';
import type { ProgramCommand } from './child.ts';
import { readFigures } from './figures.ts';
import { type Event, type GatewayState, isSettled, type Look, pendingOf, tillTotals } from './look.ts';
import { Parts, type PartsOptions } from './parts.ts';
import { runChecker } from './run-checker.ts';
import { sleep, type Time, until } from './wait.ts';
import type { WanState } from './wan.ts';
import { Watch } from './watch.ts';

export interface ShowOptions extends Time, Omit<PartsOptions, 'timers' | 'onBroken'> {
  readonly onEvent: (event: Event) => void;
}

/** How long the gateway stays dead: long enough to be seen, short enough that no till gives up. */
const DEAD_MS = 1500;
const PENDING_LIMIT_MS = 10_000;
const DRAIN_LIMIT_MS = 15_000;
/** A gap marker follows the quarantine at once, but no figure shows it. */
const GAP_MARKER_MS = 1000;
const LINE_NEWS: Readonly<Record<Exclude<WanState, 'open'>, string>> = {
  cut: 'WAN cut: connections are refused',
  silent: 'WAN silent: connections stand, nothing passes',
  portal: 'captive portal: everything gets "200 OK" and a page',
};

export class Show {
  readonly #time: Time;
  readonly #program: ProgramCommand;
  readonly #parts: Parts;
  readonly #watch: Watch;
  readonly #broken = Promise.withResolvers<never>();
  readonly #altered: number[] = [];
  #gateway: GatewayState = 'starting';
  #busyWith: string | null = null;
  #verdict: Look['verdict'] = null;
  #isChecking = false;
  #isStopping = false;

  constructor(options: ShowOptions) {
    const { clock, timers, onEvent, ...parts } = options;
    this.#time = { clock, timers };
    this.#program = options.program;
    this.#parts = new Parts({ ...parts, timers, onBroken: (error) => this.#break(error) });
    this.#watch = new Watch({ clock, timers, onEvent, readFigures: () => readFigures(this.#parts.gateway.httpUrl) });
    this.#broken.promise.catch(() => undefined);
  }

  /** Starts all parts; the tills sell from then on. */
  async start(): Promise<void> {
    await this.#parts.start();
    this.#gateway = 'up';
    this.#watch.start();
    this.#watch.note('four tills sell; gateway and PMS are up');
  }

  /** Rejects when a part has ended by itself; never resolves. */
  get broken(): Promise<never> {
    return this.#broken.promise;
  }

  get isBusy(): boolean {
    return this.#busyWith !== null;
  }

  look(): Look {
    const { elapsedMs, figures, depths, events } = this.#watch;
    return {
      elapsedMs,
      figures,
      depths,
      events,
      tills: this.#parts.tills.look(),
      gateway: this.#gateway,
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

  async cut(kind: 'cut' | 'silent'): Promise<void> {
    if (!this.#isStopping) await this.#line(kind);
  }

  async heal(): Promise<void> {
    if (!this.#isStopping) await this.#line('open');
  }

  async portal(): Promise<void> {
    if (!this.#isStopping) await this.#line('portal');
  }

  /** `kill -9` for the gateway; it is started again after a moment. */
  async kill(): Promise<void> {
    await this.#alone('killing the gateway', async () => {
      await this.#killGateway();
      await sleep(this.#time, DEAD_MS);
      await this.#restartGateway();
    });
  }

  /**
   * Somebody with root takes the box while the line is down: stops the gateway, changes a record that waits, seals it with
   * the box's own key and starts the gateway again. Cuts the line for that time if it was not cut.
   */
  async alter(): Promise<void> {
    await this.#alone('altering a row', async () => {
      const wasOpen = this.#parts.wan.state === 'open';
      if (wasOpen) await this.#line('cut');
      const figures = () => this.#watch.figures;
      const before = figures();
      await until(this.#time, () => figures() !== before && pendingOf(figures()) > 0, PENDING_LIMIT_MS);
      await this.#killGateway();
      const sequence = alterPending(this.#parts.files.dataDir);
      if (sequence !== null) this.#altered.push(sequence);
      this.#watch.note(
        sequence === null
          ? 'no record was pending: none altered'
          : `record ${sequence}: quantity times ten, sealed anew`,
      );
      await this.#restartGateway();
      if (wasOpen) await this.#line('open');
    });
  }

  /** Runs the checker on everything as it is now. */
  async check(): Promise<Verdict> {
    return await this.#check({ complete: false, altered: this.#altered });
  }

  /** Closes the shop, lets the queue drain (bounded), stops all parts, and has the checker read everything. */
  async finish(): Promise<Verdict> {
    this.#isStopping = true;
    this.#parts.tills.closeShop();
    this.#watch.note('no more sales; the queue drains');
    await until(this.#time, () => !this.isBusy && !this.#isChecking, DRAIN_LIMIT_MS);
    if (this.#parts.wan.state !== 'open') await this.#line('open');
    await this.#drained();
    this.#watch.stop();
    await this.stop();
    return await this.#check({ complete: true, altered: this.#altered });
  }

  async stop(): Promise<void> {
    this.#isStopping = true;
    this.#watch.stop();
    await this.#parts.stop();
  }

  abandon(): void {
    this.#parts.abandon();
  }

  async #line(state: WanState): Promise<void> {
    await this.#parts.wan.set(state);
    this.#watch.note(
      state === 'open' ? `WAN back, ${pendingOf(this.#watch.figures)} records pending` : LINE_NEWS[state],
    );
  }

  async #drained(): Promise<void> {
    const { clock } = this.#time;
    const startedMs = clock.monotonicMs();
    while (clock.monotonicMs() - startedMs < DRAIN_LIMIT_MS) {
      // The tills first: what they hand over after the gateway was asked, its answer does not count.
      const { sold, acknowledged } = tillTotals(this.#parts.tills.look());
      const figures = await this.#watch.look();
      if (figures !== null && pendingOf(figures) === 0 && sold === acknowledged) {
        if (figures.quarantined > 0) await sleep(this.#time, GAP_MARKER_MS);
        return;
      }
      await sleep(this.#time, 100);
    }
    this.#watch.note('the queue did not drain in time');
  }

  async #killGateway(): Promise<void> {
    this.#gateway = 'down';
    await this.#parts.gateway.kill();
    this.#watch.note('gateway killed with SIGKILL; tills keep what they sell');
  }

  async #restartGateway(): Promise<void> {
    const startedMs = this.#time.clock.monotonicMs();
    this.#gateway = 'starting';
    await this.#parts.gateway.restart();
    this.#gateway = 'up';
    const tookSeconds = (this.#time.clock.monotonicMs() - startedMs) / 1000;
    this.#watch.note(`gateway up again after ${tookSeconds.toFixed(1)} s`);
  }

  async #check(expected: Expected): Promise<Verdict> {
    this.#isChecking = true;
    try {
      const verdict = await runChecker(this.#program, this.#parts.files, expected);
      this.#verdict = { verdict, atMs: this.#watch.elapsedMs };
      this.#watch.note(verdict.content ? `checked: ${verdictFigures(verdict)}` : `checker ${verdictLine(verdict)}`);
      return verdict;
    } finally {
      this.#isChecking = false;
    }
  }

  /** Runs `work` unless other trouble is under way. */
  async #alone(what: string, work: () => Promise<void>): Promise<void> {
    if (this.#busyWith !== null || this.#isStopping) {
      this.#watch.note(`not now: ${this.#busyWith ?? 'stopping'}`);
      return;
    }
    this.#busyWith = what;
    try {
      await work();
    } catch (error) {
      this.#break(
        new CounterfoilError('internal', `${what}: ${messageOf(error)}`, 'Run with --keep and read the logs.', error),
      );
    } finally {
      this.#busyWith = null;
    }
  }

  #break(error: Error): void {
    this.#broken.reject(error);
  }
}
