/** Tables, row by row: each cell is tagged, and the head stands again on each page. */
import type { Column } from './document.ts';
import type { FontName, Paper } from './paper.ts';

export interface TableTask {
  readonly caption: string;
  readonly columns: readonly Column[];
  readonly rows: readonly (readonly string[])[];
  /** Without: the first cell of each row is its head. */
  readonly hasHead: boolean;
  readonly leastRowHeight?: number;
}

const SIZE = 7.5;
const LINE = 9.5;
const PAD = 4;
/** What a cell may take at most; the rest is in the figures. */
const MOST_LINES = 6;

interface Place {
  readonly x: number;
  readonly width: number;
  readonly isRight: boolean;
}

export function drawTable(paper: Paper, task: TableTask): void {
  const places = placesOf(paper, task.columns);
  const { doc } = paper;
  paper.need(LINE * 5);
  const element = doc.struct('Table');
  paper.root.add(element);
  paper.tagged('Caption', element, () => paper.put(task.caption, paper.left, paper.y, 'bold', 8.5));
  paper.y += 13;
  if (task.hasHead) head(paper, task, places, element);
  for (const row of task.rows) {
    const lines = row.map((cell, at) => cellLines(paper, cell, places[at], 'sans'));
    const height = Math.max(task.leastRowHeight ?? 0, Math.max(...lines.map(({ length }) => length)) * LINE + 3);
    if (paper.need(height) && task.hasHead) paper.artifact(() => headAgain(paper, task, places));
    drawRow(paper, lines, places, element, task.hasHead ? [] : [0], 'sans');
    paper.y += height;
    paper.artifact(() => paper.rule(paper.y - 1.5, 0.2));
  }
  element.end();
  paper.y += 8;
}

function placesOf(paper: Paper, columns: readonly Column[]): Place[] {
  const shares = columns.reduce((sum, { share }) => sum + share, 0);
  let x = paper.left;
  return columns.map(({ share, align }) => {
    const width = (paper.width * share) / shares;
    const place = { x: x + PAD, width: width - 2 * PAD, isRight: align === 'right' };
    x += width;
    return place;
  });
}

function cellLines(paper: Paper, cell: string, place: Place | undefined, font: FontName): string[] {
  const lines = paper.lines(cell.trim(), place?.width ?? 0, font, SIZE);
  return lines.length <= MOST_LINES ? lines : [...lines.slice(0, MOST_LINES - 1), '…'];
}

function headLines(paper: Paper, { columns }: TableTask, places: readonly Place[]): string[][] {
  return columns.map(({ title }, at) => cellLines(paper, title, places[at], 'bold'));
}

const heightOf = (lines: readonly (readonly string[])[]): number =>
  Math.max(...lines.map(({ length }) => length)) * LINE + 3;

function head(paper: Paper, task: TableTask, places: readonly Place[], parent: PDFKit.PDFStructureElement): void {
  const lines = headLines(paper, task, places);
  drawRow(
    paper,
    lines,
    places,
    parent,
    places.map((_, at) => at),
    'bold',
  );
  paper.y += heightOf(lines);
  paper.artifact(() => paper.rule(paper.y - 1.5, 0.7));
}

function headAgain(paper: Paper, task: TableTask, places: readonly Place[]): void {
  const lines = headLines(paper, task, places);
  lines.forEach((cell, at) => {
    putCell(paper, cell, places[at], 'bold');
  });
  paper.y += heightOf(lines);
  paper.rule(paper.y - 1.5, 0.7);
}

/** `heads`: which cells are heads of their row or column. */
function drawRow(
  paper: Paper,
  lines: readonly (readonly string[])[],
  places: readonly Place[],
  parent: PDFKit.PDFStructureElement,
  heads: readonly number[],
  font: FontName,
): void {
  const row = paper.doc.struct('TR');
  parent.add(row);
  lines.forEach((cell, at) => {
    paper.tagged(heads.includes(at) ? 'TH' : 'TD', row, () => putCell(paper, cell, places[at], font));
  });
  row.end();
}

function putCell(paper: Paper, lines: readonly string[], place: Place | undefined, font: FontName): void {
  if (place === undefined) return;
  lines.forEach((line, at) => {
    if (line === '') return;
    const shift = place.isRight ? place.width - paper.measure(line, font, SIZE) : 0;
    paper.put(line, place.x + shift, paper.y + at * LINE, font, SIZE);
  });
}
