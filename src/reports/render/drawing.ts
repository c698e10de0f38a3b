/** A picture in black, white and greys, as strokes that HTML (SVG) and PDF both know. Units are points, y goes down. */

export type Stroke =
  | {
      readonly type: 'rect';
      readonly x: number;
      readonly y: number;
      readonly width: number;
      readonly height: number;
      readonly fill: string;
      readonly edge?: string;
    }
  | {
      readonly type: 'path';
      readonly points: readonly (readonly [number, number])[];
      readonly width: number;
      readonly dash?: readonly [number, number];
      readonly colour: string;
    }
  | {
      readonly type: 'text';
      readonly x: number;
      readonly y: number;
      readonly text: string;
      readonly size: number;
      readonly anchor: 'start' | 'middle' | 'end';
    };

export interface Drawing {
  readonly width: number;
  readonly height: number;
  readonly strokes: readonly Stroke[];
}

/** Two decimals, so that no machine writes a number in another way. */
export const rounded = (value: number): number => Math.round(value * 100) / 100;

/** Diagonal lines in a box: a shade that a copier does not lose. */
export function hatch(x: number, y: number, width: number, height: number): Stroke[] {
  const strokes: Stroke[] = [];
  const gap = 5;
  for (let at = gap - height; at < width; at += gap) {
    const fromX = Math.max(0, at);
    const toX = Math.min(width, at + height);
    if (toX <= fromX) continue;
    const points: [number, number][] = [
      [rounded(x + fromX), rounded(y + height - (fromX - at))],
      [rounded(x + toX), rounded(y + height - (toX - at))],
    ];
    strokes.push({ type: 'path', points, width: 0.4, colour: '#777777' });
  }
  return strokes;
}
