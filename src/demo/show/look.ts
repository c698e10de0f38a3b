/** What can be seen of the show at one moment: all a screen or a script needs, and nothing of what is in a record. */
import type { Verdict } from '../checker/verdict.ts';
import type { GatewayFigures } from './figures.ts';
import type { WanState } from './wan.ts';

/** One till, as it sees itself. */
export interface TillLook {
  readonly name: string;
  /** Connected to the gateway. */
  readonly isLit: boolean;
  /** Sales on the till's own disk that the gateway has not acknowledged. */
  readonly kept: number;
  /** Sales it has ever put into its outbox. */
  readonly sold: number;
}

export interface Event {
  /** Since the start of the show. */
  readonly atMs: number;
  readonly text: string;
}

export type GatewayState = 'starting' | 'up' | 'down';

export interface Look {
  readonly elapsedMs: number;
  readonly tills: readonly TillLook[];
  readonly gateway: GatewayState;
  /** The newest the gateway said; kept while it is down, null before the first answer. */
  readonly figures: GatewayFigures | null;
  readonly wan: WanState;
  /** Pending records, a number a second, the last minute at most, newest last. */
  readonly depths: readonly number[];
  /** Oldest first. */
  readonly events: readonly Event[];
  readonly urls: { readonly gateway: string; readonly pms: string };
  readonly verdict: { readonly verdict: Verdict; readonly atMs: number } | null;
  readonly isChecking: boolean;
  readonly isStopping: boolean;
}

/** Sales of all tills, and how many of them the gateway has acknowledged. */
export function tillTotals(tills: readonly TillLook[]): { readonly sold: number; readonly acknowledged: number } {
  const sold = tills.reduce((sum, till) => sum + till.sold, 0);
  return { sold, acknowledged: sold - tills.reduce((sum, till) => sum + till.kept, 0) };
}

export function pendingOf(figures: GatewayFigures | null): number {
  return figures === null ? 0 : figures.standard.pending + figures.scheduleTwo.pending;
}

/** Records younger than this are on their way, not waiting. */
const FRESH_SECONDS = 3;

/** The line is up, the gateway well, every till connected, and nothing has waited for long. */
export function isSettled({ figures, gateway, tills, wan }: Look): boolean {
  if (wan !== 'open' || gateway !== 'up' || figures === null) return false;
  const oldest = Math.max(figures.standard.oldestSeconds ?? 0, figures.scheduleTwo.oldestSeconds ?? 0);
  return figures.mode === 'NORMAL' && oldest < FRESH_SECONDS && tills.every(({ isLit }) => isLit);
}
