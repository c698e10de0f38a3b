/** A show of nothing but a look, which notes what was asked of it. */
import type { LiveShow } from '../../../src/demo/show/live.ts';
import { isSettled, type Look } from '../../../src/demo/show/look.ts';
import type { WanState } from '../../../src/demo/show/wan.ts';
import type { HandTime } from '../../harness/hand-time.ts';
import { aLook, aVerdict, someFigures } from './scenes.ts';

const KILL_MS = 2000;

export class PaperShow implements LiveShow {
  /** What was done, with the second it was done in. */
  readonly done: string[] = [];
  isBusy = false;
  /** What a gateway would say while the line is down. */
  fallsBack = true;
  readonly #time: HandTime;
  #wan: WanState = 'open';
  #gateway: Look['gateway'] = 'up';

  constructor(time: HandTime) {
    this.#time = time;
  }

  look(): Look {
    const isDown = this.#wan !== 'open' && this.fallsBack;
    const waiting = { pending: 3, oldestSeconds: 9 };
    const figures = isDown ? someFigures({ mode: 'FALLBACK', link: 'OFFLINE', standard: waiting }) : someFigures();
    return aLook({ elapsedMs: this.#time.monotonicMs(), figures, wan: this.#wan, gateway: this.#gateway });
  }

  isSettled(): boolean {
    return !this.isBusy && isSettled(this.look());
  }

  async cut(kind: 'cut' | 'silent'): Promise<void> {
    this.#note(kind, kind);
  }

  async heal(): Promise<void> {
    this.#note('heal', 'open');
  }

  async portal(): Promise<void> {
    this.#note('portal', 'portal');
  }

  async kill(): Promise<void> {
    this.#note('kill');
    this.isBusy = true;
    this.#gateway = 'down';
    await new Promise<void>((resolve) => {
      this.#time.after(KILL_MS, resolve);
    });
    this.#gateway = 'up';
    this.isBusy = false;
  }

  async alter(): Promise<void> {
    this.#note('alter');
  }

  async check() {
    this.#note('check');
    return aVerdict();
  }

  async finish() {
    this.#note('finish');
    return aVerdict();
  }

  #note(what: string, wan = this.#wan): void {
    this.done.push(`${Math.floor(this.#time.monotonicMs() / 1000)} ${what}`);
    this.#wan = wan;
  }
}
