/**
 * The show with a person at the keys: a screen four times a second, a line that fails now and then by itself, trouble on
 * request, and after each trouble, once things have settled, the checker.
 */
import type { Random } from '../../base/clock.ts';
import type { Verdict } from '../checker/verdict.ts';
import type { Line } from './ink.ts';
import type { Look } from './look.ts';
import { outages } from './outages.ts';
import { screen } from './screen.ts';
import type { ScriptedShow } from './script.ts';
import type { Time } from './wait.ts';

export interface LiveShow extends ScriptedShow {
  readonly isBusy: boolean;
  finish(): Promise<Verdict>;
}

export interface LiveOptions extends Time {
  readonly show: LiveShow;
  readonly random: Random;
  readonly draw: (lines: readonly Line[]) => void;
  /** The terminal knows no characters beyond ASCII. */
  readonly isPlain: boolean;
}

const DRAW_EVERY_MS = 250;

export class Live {
  readonly #options: LiveOptions;
  readonly #cancels = new Map<'draw' | 'outage', () => void>();
  readonly #ended = Promise.withResolvers<Verdict>();
  #isCheckDue = false;
  #isEnding = false;
  /** The line is down by itself and not by a key, so it comes back by itself. */
  #isOwnOutage = false;

  constructor(options: LiveOptions) {
    this.#options = options;
  }

  start(): void {
    this.#draw();
    this.#nextOutage(outages(this.#options.random));
  }

  stop(): void {
    for (const cancel of this.#cancels.values()) cancel();
    this.#cancels.clear();
  }

  /** The verdict of the final check; rejects when something that was asked for failed. */
  get ended(): Promise<Verdict> {
    return this.#ended.promise;
  }

  /** One key of the screen's last line; others do nothing. */
  press(key: string): void {
    const { show } = this.#options;
    if (this.#isEnding) return;
    switch (key) {
      case 'w':
        this.#isOwnOutage = false;
        this.#trouble(() => (show.look().wan === 'open' ? show.cut('cut') : show.heal()));
        break;
      case 'p':
        this.#isOwnOutage = false;
        this.#trouble(() => (show.look().wan === 'portal' ? show.heal() : show.portal()));
        break;
      case 'k':
        this.#trouble(() => show.kill());
        break;
      case 'a':
        this.#trouble(() => show.alter());
        break;
      case 'c':
        this.#run(() => this.#check());
        break;
      case 'q':
        this.end();
    }
  }

  /** Ends the show; `ended` resolves when everything has drained and was checked. */
  end(): void {
    if (this.#isEnding) return;
    this.#isEnding = true;
    this.#cancels.get('outage')?.();
    this.#options.show.finish().then(this.#ended.resolve, this.#ended.reject);
  }

  #trouble(make: () => Promise<void>): void {
    this.#isCheckDue = true;
    this.#run(make);
  }

  #run(work: () => Promise<void>): void {
    work().catch((error: unknown) => this.#ended.reject(error));
  }

  async #check(): Promise<void> {
    // One that runs already may have looked too early: what is due stays due.
    if (this.#look().isChecking) return;
    this.#isCheckDue = false;
    await this.#options.show.check();
  }

  #look(): Look {
    return this.#options.show.look();
  }

  #draw(): void {
    const { draw, isPlain, show, timers } = this.#options;
    draw(screen(this.#look(), isPlain));
    if (this.#isCheckDue && !this.#isEnding && show.isSettled()) this.#run(() => this.#check());
    this.#cancels.set(
      'draw',
      timers.after(DRAW_EVERY_MS, () => this.#draw()),
    );
  }

  #nextOutage(all: ReturnType<typeof outages>): void {
    const { show, timers } = this.#options;
    const { afterMs, kind, lastsMs } = all.next().value;
    const begin = () => {
      // Somebody makes trouble already: this one is left out.
      if (show.isBusy || this.#look().wan !== 'open') {
        this.#nextOutage(all);
        return;
      }
      this.#isOwnOutage = true;
      this.#trouble(() => show.cut(kind));
      this.#cancels.set('outage', timers.after(lastsMs, end));
    };
    const end = () => {
      if (this.#isOwnOutage) this.#run(() => show.heal());
      this.#isOwnOutage = false;
      this.#nextOutage(all);
    };
    this.#cancels.set('outage', timers.after(afterMs, begin));
  }
}
