/** A month of a shop: records by the hour, each synced before the next hour, and the clock put forward. */
import { setTimeout as sleep } from 'node:timers/promises';
import { type SoldRecord, sales } from '../store/records.ts';
import { dayEnd, writtenOf } from './measure.ts';
import type { DayEnd } from './model.ts';
import type { SoakScene } from './scene.ts';
import { Till, Told } from './till.ts';

const DAY_MS = 24 * 3600 * 1000;
const HOUR_MS = 3600 * 1000;
const LANES = 8;
/** After a jump the trail, the sync and the archive get this long to begin what has fallen due. */
const BREATH_MS = 5;
/** The archiver rests while nothing is due: so often the number of archived records stays the same. */
const STILL_LOOKS = 20;
const LOOK_MS = 50;

export interface Plan {
  readonly days: number;
  readonly recordsPerDay: number;
  readonly seed: string;
}

export class Month {
  readonly told = new Told();
  readonly #scene: SoakScene;
  readonly #plan: Plan;
  readonly #records: Iterator<SoldRecord>;
  readonly #tills = new Map<string, Till>();
  #next: SoldRecord | undefined;
  #nowMs: number;
  #sold = 0;

  private constructor(scene: SoakScene, plan: Plan, startMs: number) {
    this.#scene = scene;
    this.#plan = plan;
    this.#nowMs = startMs;
    const days = plan.days + 2;
    this.#records = sales({
      seed: plan.seed,
      count: days * plan.recordsPerDay,
      startUtcMs: startMs,
      spanMs: days * DAY_MS,
    });
    this.#next = this.#records.next().value;
  }

  static async begin(scene: SoakScene, plan: Plan): Promise<Month> {
    const month = new Month(scene, plan, await scene.move(0));
    for (let lane = 1; lane <= LANES; lane += 1) {
      const name = `lane-${lane}`;
      month.#tills.set(name, await Till.open(scene.mqttPort, name, month.told));
    }
    return month;
  }

  /** A day in which up to eight tills sell at once. */
  async day(day: number): Promise<DayEnd> {
    return await this.#measured(day, async () => {
      const endMs = this.#nowMs + DAY_MS;
      while (this.#nowMs < endMs) {
        const untilMs = Math.min(this.#nowMs + HOUR_MS, endMs);
        this.#nowMs = await this.#scene.move(untilMs - this.#nowMs);
        const sold = this.#take(untilMs, Number.POSITIVE_INFINITY);
        await this.#sellAtOnce(sold);
      }
    });
  }

  /** `count` records, one sold and synced after the other with the shop's pauses, every timer going by them. */
  async oneByOne(day: number, count: number): Promise<DayEnd> {
    return await this.#measured(day, async () => {
      const gapMs = DAY_MS / this.#plan.recordsPerDay;
      for (let sold = 0; sold < count; sold += 1) {
        this.#nowMs = await this.#scene.move(gapMs, true);
        await this.#sellAtOnce(this.#take(Number.POSITIVE_INFINITY, 1));
        await sleep(BREATH_MS);
      }
    });
  }

  close(): void {
    for (const till of this.#tills.values()) till.close();
  }

  async #measured(day: number, task: () => Promise<void>): Promise<DayEnd> {
    const { gatewayPid, dataDir } = this.#scene;
    const startedMs = performance.now();
    const before = { written: writtenOf(gatewayPid), sold: this.#sold };
    await task();
    await this.#archiveIsStill();
    const seconds = (performance.now() - startedMs) / 1000;
    const writtenBytes = writtenOf(gatewayPid) - before.written;
    return dayEnd(gatewayPid, dataDir, { day, records: this.#sold - before.sold, seconds, writtenBytes });
  }

  /** Up to `most` records that are sold before `untilMs`. */
  #take(untilMs: number, most: number): SoldRecord[] {
    const taken: SoldRecord[] = [];
    while (this.#next !== undefined && this.#next.soldAtMs < untilMs && taken.length < most) {
      taken.push(this.#next);
      this.#next = this.#records.next().value;
    }
    return taken;
  }

  async #sellAtOnce(records: readonly SoldRecord[]): Promise<void> {
    const byLane = Map.groupBy(records, ({ lane }) => lane);
    await Promise.all(
      [...byLane].map(async ([lane, own]) => {
        const till = this.#tills.get(lane);
        if (till === undefined) throw new Error(`there is no till ${lane}`);
        for (const { bytes } of own) await till.sell(bytes);
      }),
    );
    this.#sold += records.length;
    await this.told.syncedAtLeast(this.#sold);
  }

  /** What fell due to be archived has been. */
  async #archiveIsStill(): Promise<void> {
    const { gatewayPid, dataDir } = this.#scene;
    const nothing = { day: 0, records: 0, seconds: 0, writtenBytes: 0 };
    let last = -1;
    for (let still = 0; still < STILL_LOOKS; ) {
      const { archived, bufferRows } = dayEnd(gatewayPid, dataDir, nothing);
      const sum = archived - bufferRows;
      still = sum === last ? still + 1 : 0;
      last = sum;
      await sleep(LOOK_MS);
    }
  }
}
