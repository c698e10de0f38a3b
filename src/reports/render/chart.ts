/** Values over time, with the stretches drawn behind them in which the line was down or the gateway did not run. */
import { type Drawing, hatch, rounded, type Stroke } from './drawing.ts';

export interface Series {
  readonly name: string;
  readonly values: readonly number[];
  readonly style: 'solid' | 'dashed';
}

export interface ChartTask {
  readonly series: readonly Series[];
  readonly fromMs: number;
  readonly toMs: number;
  readonly stepMs: number;
  readonly shades: readonly { readonly fromMs: number; readonly toMs: number; readonly look: 'hatched' | 'grey' }[];
  /** What the hatched and the grey stretches are. */
  readonly shadeNames: readonly { readonly name: string; readonly look: 'hatched' | 'grey' }[];
  readonly label: (value: number) => string;
  readonly timeLabel: (utcMs: number) => string;
}

const WIDTH = 515;
const HEIGHT = 150;
const LEFT = 52;
const RIGHT = 8;
const TOP = 20;
const BOTTOM = 18;
const SIZE = 7;
const AREA = { width: WIDTH - LEFT - RIGHT, height: HEIGHT - TOP - BOTTOM };

export function timeChart(task: ChartTask): Drawing {
  const top = niceTop(Math.max(1, ...task.series.map(({ values }) => values.reduce((a, b) => Math.max(a, b), 0))));
  const x = (utcMs: number) => LEFT + ((utcMs - task.fromMs) / (task.toMs - task.fromMs)) * AREA.width;
  const y = (value: number) => TOP + AREA.height - (value / top) * AREA.height;
  return {
    width: WIDTH,
    height: HEIGHT,
    strokes: [
      ...shades(task, x),
      ...grid(task, top, x, y),
      ...task.series.map((series) => line(series, task, x, y)),
      { type: 'rect', x: LEFT, y: TOP, width: AREA.width, height: AREA.height, fill: 'none', edge: '#000000' },
      ...legend(task),
    ],
  };
}

/** 1, 2 or 5 times a power of ten, not below. */
function niceTop(value: number): number {
  const power = 10 ** Math.floor(Math.log10(value));
  return [1, 2, 5, 10].map((step) => step * power).find((top) => top >= value) ?? value;
}

function shades({ shades: all }: ChartTask, x: (utcMs: number) => number): Stroke[] {
  return all.flatMap(({ fromMs, toMs, look }) => {
    const left = rounded(x(fromMs));
    // What is shorter than a hair would not be seen.
    const width = rounded(Math.max(0.8, x(toMs) - left));
    const edge: Stroke = {
      type: 'rect',
      x: left,
      y: TOP,
      width,
      height: AREA.height,
      fill: look === 'grey' ? '#c4c4c4' : '#ededed',
    };
    return look === 'grey' ? [edge] : [edge, ...hatch(left, TOP, width, AREA.height)];
  });
}

function grid(task: ChartTask, top: number, x: (utcMs: number) => number, y: (value: number) => number): Stroke[] {
  const strokes: Stroke[] = [];
  for (const part of [0, 0.5, 1]) {
    const at = rounded(y(top * part));
    strokes.push({
      type: 'path',
      points: [
        [LEFT, at],
        [LEFT + AREA.width, at],
      ],
      width: 0.3,
      colour: '#999999',
    });
    strokes.push({ type: 'text', x: LEFT - 4, y: at + 2.5, text: task.label(top * part), size: SIZE, anchor: 'end' });
  }
  for (let part = 0; part <= 4; part += 1) {
    const utcMs = task.fromMs + ((task.toMs - task.fromMs) * part) / 4;
    const anchor = part === 0 ? 'start' : part === 4 ? 'end' : 'middle';
    strokes.push({
      type: 'text',
      x: rounded(x(utcMs)),
      y: HEIGHT - 6,
      text: task.timeLabel(utcMs),
      size: SIZE,
      anchor,
    });
  }
  return strokes;
}

/** Steps, because a value is the most within its step. */
function line(
  { values, style }: Series,
  { fromMs, toMs, stepMs }: ChartTask,
  x: (utcMs: number) => number,
  y: (value: number) => number,
): Stroke {
  const points: [number, number][] = [];
  let last: number | null = null;
  values.forEach((value, step) => {
    const from = rounded(x(fromMs + step * stepMs));
    const to = rounded(x(Math.min(toMs, fromMs + (step + 1) * stepMs)));
    const at = rounded(y(value));
    if (value === last && points.length > 0) points[points.length - 1] = [to, at];
    else points.push([from, at], [to, at]);
    last = value;
  });
  const width = style === 'solid' ? 1.2 : 1;
  return { type: 'path', points, width, colour: '#000000', ...(style === 'dashed' ? { dash: [3, 2] as const } : {}) };
}

function legend({ series, shadeNames }: ChartTask): Stroke[] {
  const strokes: Stroke[] = [];
  let at = LEFT;
  for (const { name, style } of series) {
    const points: [number, number][] = [
      [at, 9],
      [at + 18, 9],
    ];
    strokes.push({
      type: 'path',
      points,
      width: 1.2,
      colour: '#000000',
      ...(style === 'dashed' ? { dash: [3, 2] as const } : {}),
    });
    strokes.push({ type: 'text', x: at + 22, y: 11.5, text: name, size: SIZE, anchor: 'start' });
    at += 34 + name.length * SIZE * 0.62;
  }
  for (const { name, look } of shadeNames) {
    strokes.push({
      type: 'rect',
      x: at,
      y: 5,
      width: 18,
      height: 8,
      fill: look === 'grey' ? '#c4c4c4' : '#ededed',
      edge: '#777777',
    });
    if (look === 'hatched') strokes.push(...hatch(at, 5, 18, 8));
    strokes.push({ type: 'text', x: at + 22, y: 11.5, text: name, size: SIZE, anchor: 'start' });
    at += 34 + name.length * SIZE * 0.62;
  }
  return strokes;
}
