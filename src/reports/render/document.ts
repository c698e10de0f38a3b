/** A report as blocks of text, tables and charts: what HTML and PDF are both made of, so that they say the same. */
import type { HumanSignature } from '../api.ts';
import { LISTS_FILE, type LongList } from '../figures/listing.ts';
import type { Drawing } from './drawing.ts';

export type Block =
  | { readonly type: 'heading'; readonly level: 1 | 2; readonly text: string }
  | { readonly type: 'text'; readonly text: string }
  /** Stands out in black and white too: a frame and a word in front. */
  | {
      readonly type: 'notice';
      readonly tone: 'alarm' | 'good';
      readonly title: string;
      readonly lines: readonly string[];
    }
  | { readonly type: 'facts'; readonly caption: string; readonly rows: readonly (readonly [string, string])[] }
  | Table
  | { readonly type: 'chart'; readonly caption: string; readonly alt: string; readonly drawing: Drawing }
  | { readonly type: 'code'; readonly caption: string; readonly lines: readonly string[] }
  | { readonly type: 'signatures'; readonly people: readonly HumanSignature[]; readonly statement: string };

export interface Column {
  readonly title: string;
  /** Share of the width, beside those of the other columns. */
  readonly share: number;
  readonly align?: 'right';
}

export interface Table {
  readonly type: 'table';
  readonly caption: string;
  readonly columns: readonly Column[];
  readonly rows: readonly (readonly string[])[];
  /** How many rows there would be, when not all are shown. */
  readonly total: number;
  /** The file that has all of them. */
  readonly allIn: string;
}

export interface ReportDocument {
  readonly id: string;
  readonly title: string;
  readonly isConfidential: boolean;
  readonly isLandscape: boolean;
  /** For the head of each page. */
  readonly store: string;
  readonly window: string;
  /** For the document's own dates: time of the newest entry that was counted, UTC ms. */
  readonly asOfMs: number;
  /** Newest signed checkpoint of trail `audit`, for the QR code; null without one. */
  readonly checkpoint: string | null;
  readonly blocks: readonly Block[];
}

/** Most rows of a list; all of them are in the figures, or in the file of long lists. */
const MOST_ROWS = 200;

export const heading = (level: 1 | 2, text: string): Block => ({ type: 'heading', level, text });
export const text = (words: string): Block => ({ type: 'text', text: words });

/** A table of at most `MOST_ROWS` rows; `total` says of how many when the rows are fewer than there are. */
export function table(
  caption: string,
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  most: number = MOST_ROWS,
): Table {
  return { type: 'table', caption, columns, rows: rows.slice(0, most), total: rows.length, allIn: 'figures.json' };
}

/** A list under a heading; one sentence where there is nothing. `long`: there are more than the figures hold. */
export function list(
  caption: string,
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  long: Pick<LongList, 'total'> | undefined = undefined,
): Block {
  if (rows.length === 0) return text(`${caption}: none.`);
  const shown = table(caption, columns, rows);
  return long === undefined ? shown : { ...shown, total: long.total, allIn: LISTS_FILE };
}
