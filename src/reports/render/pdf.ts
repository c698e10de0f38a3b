/** A report as PDF: tagged, with an outline, in black and white. */
import type { HumanSignature } from '../api.ts';
import type { Block, ReportDocument } from './document.ts';
import type { Drawing, Stroke } from './drawing.ts';
import { Paper } from './paper.ts';
import { drawTable } from './pdf-table.ts';

const TEXT_SIZE = 9;
const LINE = 12.5;
const SIGNATURE_COLUMNS = [
  { title: 'Printed name', share: 2 },
  { title: 'Date and time (UTC)', share: 2 },
  { title: 'Meaning', share: 2.5 },
  { title: 'Key, or signature by hand', share: 2.5 },
];

export async function renderPdf(report: ReportDocument): Promise<Buffer> {
  const paper = new Paper(report);
  title(paper, report);
  for (const block of report.blocks) draw(paper, block);
  return paper.finish();
}

function title(paper: Paper, { title: words }: ReportDocument): void {
  paper.tagged('H1', paper.root, () => {
    for (const line of paper.lines(words, paper.width, 'bold', 15)) {
      paper.put(line, paper.left, paper.y, 'bold', 15);
      paper.y += 20;
    }
  });
  paper.y += 4;
}

function draw(paper: Paper, block: Block): void {
  switch (block.type) {
    case 'heading':
      heading(paper, block.text);
      return;
    case 'text':
      paragraph(paper, block.text);
      return;
    case 'notice':
      notice(paper, block);
      return;
    case 'facts':
      drawTable(paper, {
        caption: block.caption,
        columns: [
          { title: '', share: 1 },
          { title: '', share: 1 },
        ],
        rows: block.rows,
        hasHead: false,
      });
      return;
    case 'table':
      drawTable(paper, { ...block, hasHead: true });
      if (block.total > block.rows.length) {
        paragraph(paper, `${block.total - block.rows.length} more are in ${block.allIn}.`);
      }
      return;
    case 'chart':
      chart(paper, block);
      return;
    case 'code':
      code(paper, block.caption, block.lines);
      return;
    case 'signatures':
      signatures(paper, block.statement, block.people);
      return;
  }
}

/** With room for something below it. */
function heading(paper: Paper, words: string): void {
  if (!paper.need(90)) paper.y += 10;
  paper.doc.outline.addItem(words);
  paper.tagged('H2', paper.root, () => paper.put(words, paper.left, paper.y, 'bold', 12));
  paper.y += 16;
  paper.artifact(() => paper.rule(paper.y, 0.6));
  paper.y += 6;
}

function paragraph(paper: Paper, words: string): void {
  const lines = paper.lines(words.trim(), paper.width, 'sans', TEXT_SIZE);
  paper.need(Math.min(lines.length, 4) * LINE);
  paper.tagged('P', paper.root, () => {
    for (const line of lines) {
      // A paragraph is short; what does not fit goes on as it is.
      paper.put(line, paper.left, paper.y, 'sans', TEXT_SIZE);
      paper.y += LINE;
    }
  });
  paper.y += 4;
}

function notice(paper: Paper, { tone, title: words, lines }: Extract<Block, { type: 'notice' }>): void {
  const inset = 10;
  const width = paper.width - 2 * inset;
  const head = paper.lines(words, width, 'bold', 11);
  const body = lines.flatMap((line) => paper.lines(line, width, 'sans', TEXT_SIZE));
  const height = head.length * 15 + body.length * LINE + 14;
  paper.need(height);
  const edge = tone === 'alarm' ? 3 : 0.8;
  paper.artifact(() => {
    paper.doc.lineWidth(edge).strokeColor('#000000').rect(paper.left, paper.y, paper.width, height).stroke();
  });
  let y = paper.y + 8;
  paper.tagged('P', paper.root, () => {
    for (const line of head) {
      paper.put(line, paper.left + inset, y, 'bold', 11);
      y += 15;
    }
    for (const line of body) {
      paper.put(line, paper.left + inset, y, 'sans', TEXT_SIZE);
      y += LINE;
    }
  });
  paper.y += height + 6;
}

function chart(paper: Paper, { caption, alt, drawing }: Extract<Block, { type: 'chart' }>): void {
  const scale = paper.width / drawing.width;
  paper.need(drawing.height * scale + 18);
  const top = paper.y;
  paper.tagged('Figure', paper.root, () => picture(paper, drawing, scale, top), { alt });
  paper.y = top + drawing.height * scale + 2;
  paper.tagged('Caption', paper.root, () => paper.put(caption, paper.left, paper.y, 'sans', 8));
  paper.y += 16;
}

function picture(paper: Paper, { strokes }: Drawing, scale: number, top: number): void {
  const { doc } = paper;
  doc.save();
  doc.translate(paper.left, top).scale(scale);
  for (const each of strokes) stroke(paper, each);
  doc.restore();
}

function stroke(paper: Paper, each: Stroke): void {
  const { doc } = paper;
  switch (each.type) {
    case 'rect':
      doc.rect(each.x, each.y, each.width, each.height);
      if (each.fill !== 'none') doc.fill(each.fill);
      if (each.edge !== undefined) {
        doc.lineWidth(0.6).rect(each.x, each.y, each.width, each.height).stroke(each.edge);
      }
      return;
    case 'path': {
      const [first, ...rest] = each.points;
      if (first === undefined) return;
      if (each.dash === undefined) doc.undash();
      else doc.dash(each.dash[0], { space: each.dash[1] });
      doc.lineWidth(each.width).moveTo(first[0], first[1]);
      for (const [x, y] of rest) doc.lineTo(x, y);
      doc.stroke(each.colour).undash();
      return;
    }
    case 'text': {
      const width = paper.measure(each.text, 'sans', each.size);
      const shift = each.anchor === 'start' ? 0 : each.anchor === 'end' ? width : width / 2;
      // pdfkit places the top of a line, a drawing its base.
      paper.put(each.text, each.x - shift, each.y - each.size * 0.93, 'sans', each.size);
      return;
    }
  }
}

function code(paper: Paper, caption: string, lines: readonly string[]): void {
  paragraph(paper, caption);
  const shown = lines.flatMap((line) => paper.lines(line, paper.width - 12, 'mono', 7.5));
  paper.need(shown.length * 10 + 6);
  paper.tagged('Code', paper.root, () => {
    for (const line of shown) {
      paper.put(line, paper.left + 6, paper.y, 'mono', 7.5);
      paper.y += 10;
    }
  });
  paper.y += 6;
}

function signatures(paper: Paper, statement: string, people: readonly HumanSignature[]): void {
  paragraph(paper, statement);
  const rows = people.map(({ printedName, signedAtUtc, meaning, keyId }) => [printedName, signedAtUtc, meaning, keyId]);
  const isBlank = rows.length === 0;
  drawTable(paper, {
    caption: 'Signatures',
    columns: SIGNATURE_COLUMNS,
    rows: isBlank ? [['', '', '', '']] : rows,
    hasHead: true,
    ...(isBlank ? { leastRowHeight: 34 } : {}),
  });
}
