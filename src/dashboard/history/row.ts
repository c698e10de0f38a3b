/**
 * One row of history: the figures of a period, 64 bytes. Layout, little-endian: CRC-32 of what follows (begun with the
 * layout's version), number of the period since 1970 (its start divided by its length), 14 × 32-bit float in the order of
 * `FIELDS`; NaN is "not known". A row that was torn, or is of another layout, does not match its CRC and is none.
 */
import { crc32 } from 'node:zlib';

const VERSION = 1;
export const ROW_BYTES = 64;

/** How several periods become one: the worst of them, their sum, or the latest. */
const FIELDS = {
  pending: 'max',
  pendingTwo: 'max',
  oldestSeconds: 'max',
  oldestTwoSeconds: 'max',
  commitP50Ms: 'max',
  commitP99Ms: 'max',
  utilisation: 'last',
  fullInSeconds: 'last',
  accepted: 'sum',
  settled: 'sum',
  offlineSeconds: 'sum',
  degradedSeconds: 'sum',
  waiting: 'max',
  seenSeconds: 'sum',
} as const satisfies Readonly<Record<string, 'max' | 'sum' | 'last'>>;

export type Field = keyof typeof FIELDS;
const NAMES = Object.keys(FIELDS) as Field[];

/** Figures of one period; null is "not known". */
export type Figures = Readonly<Record<Field, number | null>>;

export interface Row {
  /** Period since 1970-01-01T00:00:00Z. */
  readonly period: number;
  readonly figures: Figures;
}

/** Writes a row at `offset`. */
export function writeRow(into: Buffer, offset: number, { period, figures }: Row): void {
  into.writeUInt32LE(period, offset + 4);
  for (const [index, name] of NAMES.entries()) {
    into.writeFloatLE(figures[name] ?? Number.NaN, offset + 8 + 4 * index);
  }
  into.writeUInt32LE(checksum(into, offset), offset);
}

/** The row at `offset`, null when there is none that is whole. */
export function readRow(from: Buffer, offset: number): Row | null {
  const period = from.readUInt32LE(offset + 4);
  if (period === 0 || from.readUInt32LE(offset) !== checksum(from, offset)) return null;
  return {
    period,
    figures: figuresOf((name) => {
      const value = from.readFloatLE(offset + 8 + 4 * NAMES.indexOf(name));
      return Number.isNaN(value) ? null : value;
    }),
  };
}

/** Several periods as one, in the order of time; null for none. */
export function merge(parts: readonly Figures[]): Figures | null {
  if (parts.length === 0) return null;
  return figuresOf((name) => {
    const known = parts.map((part) => part[name]).filter((value) => value !== null);
    if (known.length === 0) return null;
    switch (FIELDS[name]) {
      case 'max':
        return Math.max(...known);
      case 'sum':
        return known.reduce((sum, value) => sum + value, 0);
      case 'last':
        return known.at(-1) ?? null;
    }
  });
}

function figuresOf(value: (name: Field) => number | null): Figures {
  return Object.fromEntries(NAMES.map((name) => [name, value(name)])) as Record<Field, number | null>;
}

function checksum(row: Buffer, offset: number): number {
  return crc32(row.subarray(offset + 4, offset + ROW_BYTES), VERSION);
}
