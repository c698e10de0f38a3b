/** How the tills of the store write NDCs: what the stored records say, counted and never shown. */
import { NDC_PATHS, type NdcPath, ndcPathOf } from '../../record/ndc.ts';

export interface NdcFigures {
  readonly by_path: Readonly<Record<NdcPath, number>>;
  /** Records whose bytes cannot be read any more. */
  readonly unreadable: number;
}

/** Counts stored records. */
export function countNdc(payloads: Iterable<Uint8Array | string | null>): NdcFigures {
  const counts = Object.fromEntries(NDC_PATHS.map((path) => [path, 0])) as Record<NdcPath, number>;
  let unreadable = 0;
  for (const payload of payloads) {
    const path = payload === null ? null : pathIn(payload);
    if (path === null) unreadable += 1;
    else counts[path] += 1;
  }
  return { by_path: counts, unreadable };
}

function pathIn(payload: Uint8Array | string): NdcPath | null {
  try {
    const members: unknown = JSON.parse(typeof payload === 'string' ? payload : Buffer.from(payload).toString());
    const { ndc, ndc_sent: sent } = members as { ndc?: unknown; ndc_sent?: unknown };
    if (typeof ndc !== 'string') return null;
    return ndcPathOf(ndc, typeof sent === 'string' ? sent : undefined);
  } catch {
    return null;
  }
}
