/** The retained status for lanes: told at each change, and now and then so that its time tells lanes their clock's offset. */
import { systemClock, systemTimers, toUtcText } from '../base/clock.ts';
import type { Config } from '../base/config/load.ts';
import { messageOf } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import type { RecordBuffer } from '../buffer/api.ts';
import type { IntakeStage } from '../intake/stage.ts';
import type { Timekeeper } from '../link/time/timekeeper.ts';
import type { Storage } from '../storage/storage.ts';
import { statusEveryMs } from './intake.ts';
import type { Uplink } from './uplink.ts';
import type { Witnesses } from './witnesses.ts';

/** What the status is made of. */
export interface StatusSources {
  readonly buffer: RecordBuffer;
  readonly witnesses: Witnesses;
  readonly intake: IntakeStage;
  readonly uplink: Uplink;
  readonly time: Timekeeper;
  readonly storage: Storage;
}

const STATUS_EVERY_MS = 15_000;

export class LaneStatus {
  readonly #config: Config;
  readonly #log: Log;
  #since = '';
  #text = '';
  #cancel: () => void = () => {};

  constructor(config: Config, log: Log) {
    this.#config = config;
    this.#log = log;
  }

  /** Tells now, and again and again until `stop`. */
  start(tell: () => void): void {
    const everyMs = statusEveryMs(this.#config, STATUS_EVERY_MS);
    const turn = () => {
      tell();
      this.#cancel = systemTimers.after(everyMs, turn);
    };
    turn();
  }

  stop(): void {
    this.#cancel();
  }

  tell({ buffer, witnesses, intake, uplink, time, storage }: StatusSources): void {
    const now = toUtcText(systemClock.utcMs());
    const { mode } = uplink.mode();
    const { link } = uplink.link();
    const clock = time.facts();
    const text = `${mode} ${link} ${storage.facts().level}`;
    if (text !== this.#text) this.#since = now;
    this.#text = text;
    const status = {
      gateway_id: this.#config.gateway.id,
      epoch: buffer.epoch,
      mode,
      link,
      storage: storage.facts().level,
      checkpoint: witnesses.checkpoint('audit'),
      gateway_time_utc: now,
      clock: clock.quality,
      clock_offset_ms: clock.offsetMs === null ? null : Math.round(clock.offsetMs),
      clock_uncertainty_ms: clock.uncertaintyMs === null ? null : Math.round(clock.uncertaintyMs),
      since: this.#since,
    };
    intake.tellStatus(status).catch((error: unknown) => {
      this.#log.warn('the status could not be told to lanes', { error: messageOf(error) });
    });
  }
}
