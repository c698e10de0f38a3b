/** Bodies of `access` entries about searches, for the gateway and for a look while it is stopped. */
import type { TrailBodyOf } from '../../record/trail-kinds.ts';
import type { LookWay } from './words.ts';

interface Look {
  /** The account that the command names; not proved. */
  readonly caller: string | null;
  readonly way: LookWay;
  readonly look: string;
}

/** Before anything is read. `filter` is its keyed hash. */
export function beginBody(
  { caller, way, look, kinds }: Look & { readonly kinds: readonly string[] },
  filter: string,
): TrailBodyOf<'access'> {
  return { by: caller, filter, kinds, look, of: 'records', way };
}

/** After it: how many records were shown. */
export function endBody({ caller, way, look }: Look, count: number): TrailBodyOf<'access'> {
  return { by: caller, count, look, of: 'records', way };
}
