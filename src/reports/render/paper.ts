/**
 * Pages of a PDF with what stands on each of them, and the few ways of putting text down that a report needs. All places
 * are computed here: pdfkit's own line breaking and tables are too slow for long lists. Everything in the file that could
 * differ between two runs (dates, ids, compression) is fixed, so the same report is the same bytes.
 */
import { fileURLToPath } from 'node:url';
import PDFDocument from 'pdfkit';
import type { ReportDocument } from './document.ts';
import { qrCode } from './qr.ts';
import { fitted, type Measure, wrapped } from './text-fit.ts';

export type FontName = 'sans' | 'bold' | 'mono';
type Element = PDFKit.PDFStructureElement;

const MARGIN = 40;
const HEAD_HEIGHT = 62;
const FOOT_HEIGHT = 24;
const QR_SIZE = 52;
/** US Letter: the store's printer is in the United States. */
const LETTER = { width: 612, height: 792 };

const fontPath = (file: string) => fileURLToPath(import.meta.resolve(`dejavu-fonts-ttf/ttf/${file}.ttf`));

export class Paper {
  readonly #doc: PDFKit.PDFDocument;
  readonly #report: ReportDocument;
  readonly #chunks: Buffer[] = [];
  readonly #root: Element;
  readonly #widths = new Map<string, number>();
  readonly width: number;
  readonly left = MARGIN;
  readonly #bottom: number;
  y = 0;
  #pages = 0;

  constructor(report: ReportDocument) {
    const { width, height } = report.isLandscape ? { width: LETTER.height, height: LETTER.width } : LETTER;
    const at = new Date(Math.max(0, report.asOfMs));
    this.#report = report;
    this.#doc = new PDFDocument({
      autoFirstPage: false,
      bufferPages: true,
      compress: false,
      displayTitle: true,
      info: {
        Title: report.title,
        Subject: report.id,
        Creator: 'Counterfoil',
        Producer: 'Counterfoil',
        CreationDate: at,
        ModDate: at,
      },
      lang: 'en-US',
      margin: 0,
      pdfVersion: '1.7',
      size: [width, height],
      tagged: true,
    });
    this.#doc.on('data', (chunk: Buffer) => this.#chunks.push(chunk));
    this.#doc.registerFont('sans', fontPath('DejaVuSans')).registerFont('bold', fontPath('DejaVuSans-Bold'));
    this.#doc.registerFont('mono', fontPath('DejaVuSansMono'));
    this.width = width - 2 * MARGIN;
    this.#bottom = height - MARGIN - FOOT_HEIGHT;
    this.#root = this.#doc.struct('Document');
    this.#doc.addStructure(this.#root);
    this.newPage();
  }

  /** Where elements are added that belong to nothing else. */
  get root(): Element {
    return this.#root;
  }

  get doc(): PDFKit.PDFDocument {
    return this.#doc;
  }

  newPage(): void {
    this.#doc.addPage();
    this.#pages += 1;
    this.y = MARGIN + HEAD_HEIGHT;
  }

  /** Room for one more thing of that height on this page; else the next page. True when a page was begun. */
  need(height: number): boolean {
    if (this.y + height <= this.#bottom) return false;
    this.newPage();
    return true;
  }

  get roomLeft(): number {
    return this.#bottom - this.y;
  }

  /** How wide text is. A word is measured once. */
  readonly measure: Measure = (text, font, size) => {
    const key = `${font} ${text}`;
    let width = this.#widths.get(key);
    if (width === undefined) {
      width = this.#doc.font(font).fontSize(100).widthOfString(text);
      if (this.#widths.size < 50_000) this.#widths.set(key, width);
    }
    return (width * size) / 100;
  };

  /** One line at a place, without breaking it. */
  put(text: string, x: number, y: number, font: FontName, size: number): void {
    this.#doc.font(font).fontSize(size).fillColor('#000000').text(text, x, y, { lineBreak: false });
  }

  lines(text: string, width: number, font: FontName, size: number): string[] {
    return wrapped(text, width, font, size, this.measure);
  }

  fit(text: string, width: number, font: FontName, size: number): string {
    return fitted(text, width, font, size, this.measure);
  }

  /** What `draw` puts down becomes one element of the structure, below `parent`. */
  tagged(type: string, parent: Element, draw: () => void, options: { alt?: string } = {}): void {
    const content = this.#doc.markStructureContent(type, options);
    draw();
    this.#doc.endMarkedContent();
    const element = this.#doc.struct(type, options, [content]);
    parent.add(element);
    element.end();
  }

  /** What is no part of what is said: lines, page heads. */
  artifact(draw: () => void): void {
    this.#doc.markContent('Artifact', { type: 'Layout' });
    draw();
    this.#doc.endMarkedContent();
  }

  /** The file. Page heads come last, when it is known how many pages there are. */
  async finish(): Promise<Buffer> {
    const ended = new Promise((resolve) => this.#doc.once('end', resolve));
    this.#root.end();
    const qr = this.#report.checkpoint === null ? null : qrCode(this.#report.checkpoint);
    for (let page = 0; page < this.#pages; page += 1) {
      this.#doc.switchToPage(page);
      this.#head(page, qr);
    }
    this.#doc.end();
    await ended;
    return Buffer.concat(this.#chunks);
  }

  #head(page: number, qr: readonly (readonly boolean[])[] | null): void {
    const { store, window, id, title, isConfidential } = this.#report;
    const words = this.width - QR_SIZE - 10;
    this.#doc.markContent('Artifact', { type: 'Pagination' });
    this.put(this.fit(title, words, 'bold', 9), this.left, MARGIN, 'bold', 9);
    this.put(this.fit(store, words, 'sans', 7.5), this.left, MARGIN + 13, 'sans', 7.5);
    this.put(this.fit(window, words, 'sans', 7.5), this.left, MARGIN + 24, 'sans', 7.5);
    this.put(this.fit(`Report ${id}`, words, 'sans', 7.5), this.left, MARGIN + 35, 'sans', 7.5);
    if (isConfidential) this.put('CONFIDENTIAL: holds record data', this.left, MARGIN + 46, 'bold', 7.5);
    this.rule(MARGIN + HEAD_HEIGHT - 6, 0.8);
    if (qr !== null) this.#qr(qr, this.left + this.width - QR_SIZE, MARGIN);
    const foot = this.#bottom + 10;
    this.rule(foot, 0.4);
    const of = `Page ${page + 1} of ${this.#pages}`;
    this.put(of, this.left + this.width - this.measure(of, 'sans', 7.5), foot + 5, 'sans', 7.5);
    this.put(
      qr === null ? '' : 'The code is the newest signed checkpoint of trail audit in this window.',
      this.left,
      foot + 5,
      'sans',
      7.5,
    );
    this.#doc.endMarkedContent();
  }

  /** A line across. */
  rule(y: number, width: number): void {
    this.#doc
      .lineWidth(width)
      .strokeColor('#000000')
      .moveTo(this.left, y)
      .lineTo(this.left + this.width, y)
      .stroke();
  }

  #qr(code: readonly (readonly boolean[])[], x: number, y: number): void {
    const module = QR_SIZE / code.length;
    code.forEach((row, r) => {
      let from = -1;
      for (let column = 0; column <= row.length; column += 1) {
        if (row[column] === true && from < 0) from = column;
        if (row[column] !== true && from >= 0) {
          this.#doc.rect(x + from * module, y + r * module, (column - from) * module, module);
          from = -1;
        }
      }
    });
    this.#doc.fill('#000000');
  }
}
