/** What the drain benchmark finds. */
import type { LineShape } from '../line/shape.ts';
import type { PmsKind } from '../store/processes.ts';

export interface Measured {
  readonly records: number;
  readonly seconds: number;
  /** TCP payload towards the PMS and back, without TCP's and IP's headers. */
  readonly upBytes: number;
  readonly downBytes: number;
}

export interface DrainMeasured extends Measured {
  /** User and system time from the processes' start to the end of the drain. */
  readonly gatewayCpuSeconds: number;
  readonly pmsCpuSeconds: number;
}

export interface DrainRound {
  readonly drain: DrainMeasured;
  readonly loop: Measured;
  /** Seconds for the drain's bytes as one upload. */
  readonly rawSeconds: number;
}

export interface DrainResult {
  readonly startedAtUtcMs: number;
  readonly machine: readonly string[];
  readonly version: string;
  readonly pms: PmsKind;
  readonly line: LineShape;
  readonly records: number;
  readonly loopRecords: number;
  readonly rounds: readonly DrainRound[];
}
