/** Comma- or tab-separated text (RFC 4180), with the line numbers that error messages need. */

export interface CsvRow {
  /** Line on which the row starts; the first line is 1. */
  readonly line: number;
  readonly cells: readonly string[];
}

export interface CsvProblem {
  readonly line: number;
  readonly message: string;
}

/**
 * The rows of a CSV text, empty lines left out; quoted cells may hold delimiters, doubled quotes and line ends. LF, CRLF
 * and a byte order mark are understood. Stops at the first place where quotes make no sense, because what follows could
 * be read in two ways.
 */
export function readCsv(text: string, delimiter: ',' | '\t'): { rows: CsvRow[]; problem: CsvProblem | null } {
  const rows: CsvRow[] = [];
  let at = text.startsWith('\ufeff') ? 1 : 0;
  let line = 1;
  while (at < text.length) {
    const start = line;
    const cells: string[] = [];
    for (let ended = false; !ended; ) {
      const cell = text[at] === '"' ? quotedCell(text, at) : plainCell(text, at, delimiter);
      if (cell === null) return { rows, problem: { line: start, message: 'a quoted cell is not closed' } };
      cells.push(cell.value);
      line += cell.lines;
      at = cell.end;
      if (text.startsWith('\r\n', at)) at++;
      const next = text[at++];
      if (next === '\n') line++;
      ended = next === '\n' || next === undefined;
      if (!ended && next !== delimiter) {
        return { rows, problem: { line, message: 'text after the closing quote of a cell' } };
      }
    }
    if (cells.length > 1 || cells[0] !== '') rows.push({ line: start, cells });
  }
  return { rows, problem: null };
}

interface Cell {
  readonly value: string;
  /** Offset after the cell. */
  readonly end: number;
  /** Line ends inside the cell. */
  readonly lines: number;
}

function quotedCell(text: string, at: number): Cell | null {
  let value = '';
  for (let from = at + 1; ; ) {
    const quote = text.indexOf('"', from);
    if (quote < 0) return null;
    value += text.slice(from, quote);
    if (text[quote + 1] !== '"') return { value, end: quote + 1, lines: value.split('\n').length - 1 };
    value += '"';
    from = quote + 2;
  }
}

function plainCell(text: string, at: number, delimiter: string): Cell {
  let end = at;
  while (end < text.length && text[end] !== delimiter && text[end] !== '\n') end++;
  // A carriage return belongs to the line end and is left for the caller.
  if (text[end] === '\n' && end > at && text[end - 1] === '\r') end--;
  return { value: text.slice(at, end), end, lines: 0 };
}
