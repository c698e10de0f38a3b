/**
 * One object with everything a report says. It is kept as RFC 8785 JSON beside the pages made of it, and the pages are made
 * of nothing else: not of the clock, the time zone or the language of the machine that makes them.
 */
import { hash } from 'node:crypto';
import { CounterfoilError } from '../../base/errors.ts';
import { canonicalBytes } from '../../record/canonical.ts';
import { REPORT_KINDS, type ReportKind, type ReportStore, type ReportWindow } from '../api.ts';
import type { Counted } from './count.ts';
import type { NdcFigures } from './ndc.ts';
import type { RegisterRow } from './register.ts';
import { type OffsetFigures, offsetsOf } from './window.ts';

/** What verifying the trail found when the report was made; in words for people, without anything of a record. */
export interface TrailVerdictFigures {
  readonly holds: boolean;
  /** The first twenty, and how many there are. */
  readonly faults: readonly string[];
  readonly faults_total: number;
  readonly remarks: readonly string[];
  readonly remarks_total: number;
  /** Whether a key from outside was used, so that no key in the trail had to be believed. */
  readonly key_given: boolean;
  readonly logs: Readonly<Record<string, { readonly entries: number; readonly root: string | null }>>;
  readonly archive: { readonly files: number; readonly frames: number; readonly records: number } | null;
}

export interface Figures {
  readonly v: 1;
  readonly kind: ReportKind;
  readonly store: {
    readonly gateway_id: string;
    readonly store: string;
    readonly name: string | null;
    readonly address: string | null;
    readonly dea_registration: string | null;
  };
  readonly window: {
    readonly from_ms: number;
    readonly to_ms: number;
    readonly time_zone: string;
    /** Distance of local time to UTC, with the time from which it holds: nobody needs the zone's rules to read on. */
    readonly offsets: readonly OffsetFigures[];
  };
  readonly program: string;
  readonly trail: TrailVerdictFigures;
  readonly counted: Counted;
  /** Null where the buffer could not be read: counted from records, not from the trail. */
  readonly ndc: NdcFigures | null;
  /** Only in kind `schedule_two`. */
  readonly register: readonly RegisterRow[] | null;
}

export interface FiguresParts {
  readonly kind: ReportKind;
  readonly store: ReportStore;
  readonly window: ReportWindow;
  readonly program: string;
  readonly trail: TrailVerdictFigures;
  readonly counted: Counted;
  readonly ndc: NdcFigures | null;
  readonly register: readonly RegisterRow[] | null;
}

export function makeFigures({ kind, store, window, ...rest }: FiguresParts): Figures {
  return {
    v: 1,
    kind,
    store: {
      gateway_id: store.gatewayId,
      store: store.store,
      name: store.name,
      address: store.address,
      dea_registration: store.deaRegistration,
    },
    window: {
      from_ms: window.fromUtcMs,
      to_ms: window.toUtcMs,
      time_zone: window.timeZone,
      offsets: offsetsOf(window),
    },
    ...rest,
  };
}

export const figuresBytes = (figures: Figures): Buffer => canonicalBytes(figures);

/** @throws CounterfoilError `usage` when the bytes are not figures that this program knows. */
export function readFigures(bytes: Buffer): Figures {
  let value: unknown;
  try {
    value = JSON.parse(bytes.toString());
  } catch {
    value = null;
  }
  if (isFigures(value)) return value;
  throw new CounterfoilError('usage', 'these are no figures of a report', "Name figures.json of a report's folder.");
}

function isFigures(value: unknown): value is Figures {
  if (typeof value !== 'object' || value === null) return false;
  const { v, kind, counted, window } = value as Partial<Record<keyof Figures, unknown>>;
  const isKind = REPORT_KINDS.some((known) => known === kind);
  return v === 1 && isKind && typeof counted === 'object' && counted !== null && typeof window === 'object';
}

/** Kind, first local day, and the beginning of the figures' hash. */
export function reportId(figures: Figures, bytes: Buffer): string {
  const { from_ms: fromMs, offsets } = figures.window;
  const offsetMs = (offsets[0]?.[1] ?? 0) * 60_000;
  const day = new Date(fromMs + offsetMs).toISOString().slice(0, 10).replaceAll('-', '');
  return `${figures.kind}-${day}-${hash('sha256', bytes, 'hex').slice(0, 12)}`;
}
