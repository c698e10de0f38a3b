/** How figures are written, the same in the terminal and in the page. A figure that was not measured is a dash. */

/** Whole numbers with thousands separators. */
export function count(value: number): string {
  return Math.round(value).toLocaleString('en-US');
}

/** Three significant digits, without exponents. */
export function figure(value: number | null | undefined): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return '–';
  if (value >= 100) return count(value);
  return value.toFixed(value >= 10 ? 1 : value >= 1 ? 2 : 3);
}

/** A quotient such as 1.53×. */
export function ratio(value: number | null): string {
  return value === null || !Number.isFinite(value) ? '–' : `${value.toFixed(value >= 10 ? 1 : 2)}×`;
}

/** Megabytes (10^6 bytes). */
export function megabytes(bytes: number): string {
  return count(bytes / 1e6);
}

/** Rows as a table: Markdown with `markdown`, else aligned columns, the first to the left and the rest to the right. */
export function table(rows: readonly (readonly string[])[], markdown: boolean): string {
  const [head = []] = rows;
  if (markdown) {
    const rule = head.map((_, column) => (column === 0 ? '---' : '--:'));
    return [head, rule, ...rows.slice(1)].map((cells) => `| ${cells.join(' | ')} |\n`).join('');
  }
  const widths = head.map((_, column) => Math.max(...rows.map((cells) => cells[column]?.length ?? 0)));
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, column) => (column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0)))
      .join('  ');
  return rows.map((cells) => `${line(cells).trimEnd()}\n`).join('');
}
