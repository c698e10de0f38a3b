/**
 * The store's product table: which NDCs exist and what schedule they have, from a CSV with columns of FDA's NDC
 * directory. The box works without one; with one, ten unhyphenated digits can be understood and doubts are seen.
 * A later table never changes what was stored.
 */
import { type CsvProblem, type CsvRow, readCsv } from './csv.ts';
import { normaliseNdc, readingsOfTen, type TenDigitTable, tensOfEleven } from './ndc.ts';
import { readSchedule } from './schedule.ts';
import type { Schedule } from './types.ts';

/** A product may be in schedule I in FDA's directory; a record may not. */
type ProductSchedule = Schedule | 'I';

interface Product {
  /** 11 or 12 digits. */
  readonly ndc: string;
  readonly name: string;
  /** One, except where several package codes meet in the same 11 digits and differ. */
  readonly schedules: readonly ProductSchedule[];
}

/** Immutable; a new file makes a new table. */
export interface ProductTable extends TenDigitTable {
  /** Number of different NDCs. */
  readonly size: number;
  /** The product of 11 or 12 digits; 12 digits with a zero in front are the same product as the 11 after it. */
  find(ndc: string): Product | null;
}

export type ProductTableReading =
  | { readonly ok: true; readonly table: ProductTable }
  | { readonly ok: false; readonly problems: readonly CsvProblem[] };

/** Problems listed before reading gives up: enough to see a pattern. */
const PROBLEMS_LIMIT = 20;

interface Row extends Product {
  /** Ten-digit codes that mean this product. */
  readonly tens: readonly string[];
}

/**
 * Reads a product table: CSV or tab-separated, first row names the columns. Needed, in any order and with names as FDA
 * writes them (`NDCPACKAGECODE` or `NDC Package Code`, `PROPRIETARYNAME` or `Product Name`, `DEASCHEDULE` or `DEA
 * Schedule`); others are ignored. A table with a problem is refused as a whole: one missing product could make another
 * look like the only reading of ten digits.
 */
export function readProductTable(text: string): ProductTableReading {
  const firstLine = text.slice(0, text.search(/\n|$/));
  const { rows, problem } = readCsv(text, firstLine.includes('\t') ? '\t' : ',');
  const problems = problem === null ? [] : [problem];
  const columns = findColumns(rows[0], problems);
  const products = new Map<string, Row>();
  for (const row of columns === null ? [] : rows.slice(1)) {
    const product = columns === null ? null : readRow(row, columns, problems);
    if (product !== null) products.set(product.ndc, merge(products.get(product.ndc), product));
    if (problems.length >= PROBLEMS_LIMIT) break;
  }
  problems.sort((one, other) => one.line - other.line);
  return problems.length > 0 ? { ok: false, problems } : { ok: true, table: new ProductMap(products) };
}

interface Columns {
  readonly code: number;
  readonly name: number;
  readonly schedule: number;
  readonly count: number;
}

const COLUMN_NAMES = {
  code: ['ndcpackagecode'],
  name: ['productname', 'proprietaryname', 'nonproprietaryname'],
  schedule: ['deaschedule', 'dea'],
} as const;

function findColumns(header: CsvRow | undefined, problems: CsvProblem[]): Columns | null {
  const names = (header?.cells ?? []).map((cell) => cell.toLowerCase().replace(/[^a-z]/g, ''));
  const place = (wanted: readonly string[]) => wanted.map((name) => names.indexOf(name)).find((at) => at >= 0) ?? -1;
  const columns = {
    code: place(COLUMN_NAMES.code),
    name: place(COLUMN_NAMES.name),
    schedule: place(COLUMN_NAMES.schedule),
    count: names.length,
  };
  if (columns.code >= 0 && columns.name >= 0 && columns.schedule >= 0) return columns;
  problems.push({
    line: header?.line ?? 1,
    message: 'the first row must name the columns NDCPACKAGECODE, PROPRIETARYNAME and DEASCHEDULE',
  });
  return null;
}

function readRow(row: CsvRow, columns: Columns, problems: CsvProblem[]): Row | null {
  const cell = (at: number) => (row.cells[at] ?? '').trim();
  const complain = (message: string) => {
    problems.push({ line: row.line, message });
    return null;
  };
  if (row.cells.length !== columns.count) {
    return complain(`has ${row.cells.length} cells where the first row has ${columns.count}`);
  }
  const code = cell(columns.code);
  const { ndc, path } = normaliseNdc(code, null);
  if (path === 'unresolved')
    return complain('package code: write 4-4-2, 5-3-2, 5-4-1 or 6-4-2 with hyphens, or 11 digits');
  const schedule = readProductSchedule(cell(columns.schedule));
  if (schedule === null) return complain('DEA schedule: write CI, CII, CIII, CIV or CV, or leave it empty');
  const eleven = ndc.length === 11 ? ndc : ndc.startsWith('0') ? ndc.slice(1) : null;
  const tens = path === 'hyphenated' ? [code.replaceAll('-', '')] : eleven === null ? [] : tensOfEleven(eleven);
  return { ndc: eleven ?? ndc, name: cell(columns.name), schedules: [schedule], tens };
}

function readProductSchedule(text: string): ProductSchedule | null {
  if (text === '') return 'NONE';
  return /^(?:C[- ]?)?[I1]$/i.test(text) ? 'I' : readSchedule(text);
}

function merge(known: Row | undefined, row: Row): Row {
  if (known === undefined) return row;
  const schedules = [...new Set([...known.schedules, ...row.schedules])];
  return { ...known, schedules, tens: [...new Set([...known.tens, ...row.tens])] };
}

class ProductMap implements ProductTable {
  readonly #products: ReadonlyMap<string, Row>;

  constructor(products: ReadonlyMap<string, Row>) {
    this.#products = products;
  }

  get size(): number {
    return this.#products.size;
  }

  find(ndc: string): Product | null {
    return this.#products.get(ndc.length === 12 && ndc.startsWith('0') ? ndc.slice(1) : ndc) ?? null;
  }

  /**
   * Exactly one of the three readings is in the table, and the code of that product really has these ten digits: in
   * eleven digits other codes can look the same.
   */
  resolveTen(digits: string): string | null {
    const rows = [...new Set(readingsOfTen(digits))].flatMap((ndc) => this.#products.get(ndc) ?? []);
    const [row] = rows;
    return rows.length === 1 && row?.tens.includes(digits) ? row.ndc : null;
  }
}
