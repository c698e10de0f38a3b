/** What every part of the simulation is given. */
import type { Random } from '../../src/base/clock.ts';
import type { Events } from './events.ts';
import type { RetryPolicy, World } from './model.ts';
import type { PmsModel } from './pms-model.ts';

export interface Surroundings {
  readonly world: World;
  readonly events: Events;
  readonly pms: PmsModel;
  readonly random: Random;
  readonly retry: RetryPolicy;
  /** Before this moment nobody answers. */
  readonly comebackMs: number;
  /** A request has ended without its records being settled. */
  readonly onWasted: (records: number) => void;
}
