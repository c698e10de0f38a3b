/** The entries `access` of a register: it shows what records say, so it is a look, and told before anything is read. */
import { randomBytes } from 'node:crypto';
import { beginBody } from '../../control/records/bodies.ts';
import type { TrailBodyOf } from '../../record/trail-kinds.ts';

/** `caller` null: made by schedule. `filter` is the keyed hash of `registerFilter`. */
export function registerLook(caller: string | null, filter: string): TrailBodyOf<'access'> {
  return beginBody({ caller, way: 'export', look: randomBytes(8).toString('hex'), kinds: ['report'] }, filter);
}

export const registerFilter = (fromMs: number, toMs: number): string => `report schedule_two ${fromMs} ${toMs}`;
