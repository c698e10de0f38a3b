/** Puts the simulated store and the real lane client together: what the demo and `lane simulate` run. */
import { join } from 'node:path';
import { type Clock, type Random, systemClock, systemTimers, type Timers } from '../base/clock.ts';
import { LaneSimulator, type LaneSimulatorOptions } from '../demo/simulator/lane-simulator.ts';
import { LaneClient } from '../lane/client.ts';

export interface SimulatorOptions
  extends Pick<LaneSimulatorOptions, 'seed' | 'lanes' | 'ratePerSecond' | 'badRate' | 'onFailure'> {
  /** The gateway, `mqtt://host:port`. */
  readonly url: string;
  readonly store: string;
  /** Folder for one outbox file a lane; made when missing. */
  readonly outboxDir: string;
  readonly clock?: Clock;
  readonly timers?: Timers;
  readonly random?: Random;
  /** A lane's outbox file failed after records were safe in it, or a lane was told of a double sale. */
  readonly onLane?: (lane: LaneClient, name: string) => void;
}

/** A simulator of `lanes` tills, not yet started. */
export function createSimulator(options: SimulatorOptions): LaneSimulator {
  const {
    url,
    store,
    outboxDir,
    clock = systemClock,
    timers = systemTimers,
    random = Math.random,
    ...traffic
  } = options;
  return new LaneSimulator({
    ...traffic,
    clock,
    timers,
    openLane(name) {
      const lane = new LaneClient({
        url,
        store,
        lane: name,
        outboxPath: join(outboxDir, `${name}.db`),
        clock,
        timers,
        random,
      });
      options.onLane?.(lane, name);
      return lane;
    },
  });
}
