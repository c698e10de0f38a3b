/**
 * QR codes (ISO/IEC 18004) in byte mode with error correction level L, versions 1 to 20: enough for a signed checkpoint. The
 * mask is the one with the fewest penalty points, so the same text always gives the same picture.
 */
import { blocksOf, dataCodewords, interleave } from './qr-codewords.ts';

/** Rows of modules, true for black, without the quiet zone (4 modules on each side are for the caller to leave). */
export type QrCode = readonly (readonly boolean[])[];

const MAX_VERSION = 20;
/** Format bits of level L. */
const LEVEL_L = 1;

/** Null for a text too long for version 20 (858 bytes). */
export function qrCode(text: string): QrCode | null {
  const bytes = Buffer.from(text, 'utf8');
  for (let version = 1; version <= MAX_VERSION; version += 1) {
    const data = dataCodewords(bytes, version);
    if (data === null) continue;
    return best(version, interleave(blocksOf(data, version)));
  }
  return null;
}

function best(version: number, codewords: readonly number[]): QrCode {
  let found: { code: boolean[][]; penalty: number } | null = null;
  for (let mask = 0; mask < 8; mask += 1) {
    const code = drawn(version, codewords, mask);
    const points = penalty(code);
    if (found === null || points < found.penalty) found = { code, penalty: points };
  }
  return found?.code ?? [];
}

class Grid {
  readonly size: number;
  readonly black: boolean[][];
  readonly isFunction: boolean[][];

  constructor(version: number) {
    this.size = 17 + 4 * version;
    this.black = Array.from({ length: this.size }, () => new Array<boolean>(this.size).fill(false));
    this.isFunction = this.black.map((row) => [...row]);
  }

  /** Outside the grid nothing is set. */
  set(row: number, column: number, black: boolean): void {
    const line = this.black[row];
    const functions = this.isFunction[row];
    if (line === undefined || functions === undefined || column < 0 || column >= this.size) return;
    line[column] = black;
    functions[column] = true;
  }
}

function drawn(version: number, codewords: readonly number[], mask: number): boolean[][] {
  const grid = new Grid(version);
  drawPatterns(grid, version);
  drawFormat(grid, mask);
  if (version >= 7) drawVersion(grid, version);
  drawData(grid, codewords, mask);
  return grid.black;
}

function drawPatterns(grid: Grid, version: number): void {
  const { size } = grid;
  for (let at = 0; at < size; at += 1) {
    grid.set(6, at, at % 2 === 0);
    grid.set(at, 6, at % 2 === 0);
  }
  for (const [row, column] of [
    [3, 3],
    [3, size - 4],
    [size - 4, 3],
  ] as const)
    drawFinder(grid, row, column);
  const centres = alignmentCentres(version);
  const last = centres.length - 1;
  centres.forEach((row, i) => {
    centres.forEach((column, j) => {
      const isFinder = (i === 0 && j === 0) || (i === 0 && j === last) || (i === last && j === 0);
      if (!isFinder) drawAlignment(grid, row, column);
    });
  });
}

/** With its white border. */
function drawFinder(grid: Grid, row: number, column: number): void {
  for (let dr = -4; dr <= 4; dr += 1) {
    for (let dc = -4; dc <= 4; dc += 1) {
      const ring = Math.max(Math.abs(dr), Math.abs(dc));
      grid.set(row + dr, column + dc, ring !== 2 && ring !== 4);
    }
  }
}

function drawAlignment(grid: Grid, row: number, column: number): void {
  for (let dr = -2; dr <= 2; dr += 1) {
    for (let dc = -2; dc <= 2; dc += 1) grid.set(row + dr, column + dc, Math.max(Math.abs(dr), Math.abs(dc)) !== 1);
  }
}

/** Annex E: evenly spaced from the last one backwards, by an even step. */
function alignmentCentres(version: number): number[] {
  if (version === 1) return [];
  const count = Math.floor(version / 7) + 2;
  const last = 4 * version + 10;
  const step = Math.ceil((last - 6) / (count - 1) / 2) * 2;
  const centres = Array.from({ length: count - 1 }, (_, at) => last - at * step);
  return [6, ...centres.reverse()];
}

/** Remainder of a division of polynomials over GF(2). */
function remainder(value: number, bits: number, generator: number, degree: number): number {
  let rest = value << degree;
  for (let bit = bits + degree - 1; bit >= degree; bit -= 1) {
    if (((rest >>> bit) & 1) === 1) rest ^= generator << (bit - degree);
  }
  return rest;
}

function drawFormat(grid: Grid, mask: number): void {
  const data = (LEVEL_L << 3) | mask;
  const bits = ((data << 10) | remainder(data, 5, 0b10100110111, 10)) ^ 0b101010000010010;
  const isSet = (bit: number) => ((bits >>> bit) & 1) === 1;
  const { size } = grid;
  for (let bit = 0; bit < 15; bit += 1) {
    // Beside the finder above left, around the corner and past the timing patterns.
    if (bit < 6) grid.set(bit, 8, isSet(bit));
    else if (bit < 8) grid.set(bit + 1, 8, isSet(bit));
    else grid.set(8, bit === 8 ? 7 : 14 - bit, isSet(bit));
    // And once more beside the two others.
    if (bit < 8) grid.set(8, size - 1 - bit, isSet(bit));
    else grid.set(size - 15 + bit, 8, isSet(bit));
  }
  grid.set(size - 8, 8, true);
}

function drawVersion(grid: Grid, version: number): void {
  const bits = (version << 12) | remainder(version, 6, 0b1111100100101, 12);
  for (let bit = 0; bit < 18; bit += 1) {
    const black = ((bits >>> bit) & 1) === 1;
    const far = grid.size - 11 + (bit % 3);
    const near = Math.floor(bit / 3);
    grid.set(near, far, black);
    grid.set(far, near, black);
  }
}

/** Two columns at a time from the right, up and down, past the vertical timing pattern. */
function drawData(grid: Grid, codewords: readonly number[], mask: number): void {
  const { size } = grid;
  let bit = 0;
  let isUp = true;
  for (let right = size - 1; right > 0; right -= 2) {
    if (right === 6) right = 5;
    for (let step = 0; step < size; step += 1) {
      const row = isUp ? size - 1 - step : step;
      for (const column of [right, right - 1]) {
        if (grid.isFunction[row]?.[column] === true) continue;
        const black = (((codewords[bit >>> 3] ?? 0) >>> (7 - (bit & 7))) & 1) === 1;
        const line = grid.black[row];
        if (line !== undefined) line[column] = black !== isMasked(mask, row, column);
        bit += 1;
      }
    }
    isUp = !isUp;
  }
}

function isMasked(mask: number, row: number, column: number): boolean {
  const product = row * column;
  const values = [
    (row + column) % 2,
    row % 2,
    column % 3,
    (row + column) % 3,
    (Math.floor(row / 2) + Math.floor(column / 3)) % 2,
    (product % 2) + (product % 3),
    ((product % 2) + (product % 3)) % 2,
    (((row + column) % 2) + (product % 3)) % 2,
  ];
  return values[mask] === 0;
}

/** Section 7.8.3: long runs, blocks, finder-like patterns, imbalance. */
function penalty(code: readonly (readonly boolean[])[]): number {
  const size = code.length;
  const columns = code.map((_, at) => code.map((row) => row[at] === true));
  let points = 0;
  for (const line of [...code, ...columns]) {
    const text = line.map((black) => (black ? '1' : '0')).join('');
    for (const run of text.match(/0{5,}|1{5,}/g) ?? []) points += run.length - 2;
    for (let at = 0; at + 11 <= size; at += 1) {
      const piece = text.slice(at, at + 11);
      if (piece === '10111010000' || piece === '00001011101') points += 40;
    }
  }
  let black = 0;
  for (let row = 0; row < size; row += 1) {
    for (let column = 0; column < size; column += 1) {
      const here = code[row]?.[column] === true;
      if (here) black += 1;
      const others = [code[row]?.[column + 1], code[row + 1]?.[column], code[row + 1]?.[column + 1]];
      if (others.every((other) => other === here)) points += 3;
    }
  }
  return points + Math.floor(Math.abs((black * 100) / (size * size) - 50) / 5) * 10;
}
