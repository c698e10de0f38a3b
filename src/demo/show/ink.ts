/**
 * Lines of text with tones, and what a terminal makes of them. Only the standard colours and attributes, which every
 * colour scheme keeps readable on its own background, light or dark; what a tone says is always said in words too.
 */
import { styleText } from 'node:util';

export type Tone = 'bold' | 'dim' | 'good' | 'warn' | 'bad';

/** A piece of a line: plain, or in a tone. */
export type Piece = string | readonly [Tone, string];
export type Line = readonly Piece[];

const FORMAT: Readonly<Record<Tone, Parameters<typeof styleText>[0]>> = {
  bold: 'bold',
  dim: 'dim',
  good: 'green',
  warn: ['bold', 'yellow'],
  bad: ['bold', 'red'],
};

const textOf = (piece: Piece): string => (typeof piece === 'string' ? piece : piece[1]);

/** The line as text of at most `width` characters, with escape codes when `hasColour`. */
export function paint(line: Line, width: number, hasColour: boolean): string {
  let left = width;
  let painted = '';
  for (const piece of line) {
    const text = [...textOf(piece)].slice(0, left).join('');
    left -= [...text].length;
    const isToned = hasColour && typeof piece !== 'string' && text !== '';
    painted += isToned ? styleText(FORMAT[piece[0]], text, { validateStream: false }) : text;
  }
  return hasColour ? painted : painted.trimEnd();
}

/** The pieces of a line filled up with spaces to `width`, for columns. */
export function column(pieces: Line, width: number): Line {
  const used = pieces.reduce((sum, piece) => sum + [...textOf(piece)].length, 0);
  return used >= width ? [...pieces, ' '] : [...pieces, ' '.repeat(width - used)];
}
