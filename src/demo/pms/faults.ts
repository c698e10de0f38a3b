/**
 * What the reference PMS can do wrong, one line of a table each. A fault is a function from its setting to hooks; to add
 * one, add a line to the table of its kind. Written `NAME[=ARG][@PROBABILITY][#COUNT]`, e.g. `slow=2000`, `error_500@0.1`,
 * `drop_answer#3`.
 */
import type { FaultSpec } from './fault-hooks.ts';
import { ANSWER_FAULTS } from './faults-answer.ts';
import { BATCH_FAULTS } from './faults-batch.ts';
import { RECORD_FAULTS } from './faults-record.ts';
import { WITNESS_FAULTS } from './faults-witness.ts';

const TABLE = { ...ANSWER_FAULTS, ...BATCH_FAULTS, ...RECORD_FAULTS, ...WITNESS_FAULTS };

export type FaultName = keyof typeof TABLE;

/** All faults by name, whole answers first, then batches, then records, then what it says as a witness. */
export const FAULTS: Readonly<Record<FaultName, FaultSpec>> = TABLE;

export const FAULT_NAMES = Object.keys(TABLE).filter(isFaultName);

export function isFaultName(text: string): text is FaultName {
  return Object.hasOwn(TABLE, text);
}

/** The faults as lines for people. */
export function faultList(): string {
  const width = Math.max(...FAULT_NAMES.map((name) => name.length));
  return FAULT_NAMES.map((name) => {
    const { argument, does } = FAULTS[name];
    return `  ${name.padEnd(width)}  ${does}${argument === null ? '' : ` (=ARG: ${argument})`}`;
  }).join('\n');
}
