/** Load over time as one SVG: a panel for each way of trying again (rows) and each kind of come-back (columns). */
import { type Comeback, type HerdResult, SCENARIOS, WORLD } from './model.ts';

const PANEL = { width: 400, height: 96, gapX: 26, gapY: 40 };
const LEFT = 64;
const TOP = 78;
const BOTTOM = 8;
const SECONDS = 420;
const LEAST = 10;
const MOST = 30_000;
const COLUMNS: readonly (readonly [Comeback, string])[] = [
  ['line', 'The line comes back'],
  ['power', 'The power comes back: all start within one second'],
];
const WIDTH = LEFT + COLUMNS.length * PANEL.width + (COLUMNS.length - 1) * PANEL.gapX + 20;
const HEIGHT = TOP + SCENARIOS.length * (PANEL.height + PANEL.gapY) + BOTTOM;

/** The figure; it needs no colour to be read. */
export function renderFigure(results: readonly HerdResult[]): string {
  const panels = SCENARIOS.flatMap((scenario, row) =>
    COLUMNS.map(([comeback], column) => {
      const result = results.find((each) => each.scenario === scenario && each.comeback === comeback);
      const x = LEFT + column * (PANEL.width + PANEL.gapX);
      const y = TOP + row * (PANEL.height + PANEL.gapY);
      return result === undefined ? '' : panel(result, x, y, row === SCENARIOS.length - 1);
    }),
  );
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="sans-serif" font-size="11">`,
    `<title>Requests a second at the PMS after a regional outage, ${WORLD.stores} stores</title>`,
    `<rect width="${WIDTH}" height="${HEIGHT}" fill="#fff"/>`,
    head(),
    ...panels,
    text(LEFT + PANEL.width + PANEL.gapX / 2, HEIGHT - 8, 'seconds after the come-back', 'middle'),
    '</svg>',
    '',
  ].join('\n');
}

function head(): string {
  const titles = COLUMNS.map(([, title], column) =>
    text(LEFT + column * (PANEL.width + PANEL.gapX), TOP - 26, title, 'start', 'font-weight="bold"'),
  );
  const y = 20;
  return [
    text(LEFT, y, 'Requests a second at the PMS (logarithmic):'),
    `<path d="M${LEFT + 252} ${y - 4}h26" stroke="#000" stroke-width="0.9" fill="none"/>`,
    text(LEFT + 284, y, 'offered'),
    `<rect x="${LEFT + 338}" y="${y - 9}" width="26" height="9" fill="#bbb"/>`,
    text(LEFT + 370, y, 'served'),
    `<path d="M${LEFT + 420} ${y - 4}h26" stroke="#000" stroke-dasharray="5 3" fill="none"/>`,
    text(LEFT + 452, y, 'what the PMS can serve of 500 records each'),
    `<path d="M${LEFT + 708} ${y - 10}v12" stroke="#000" stroke-width="2" fill="none"/>`,
    text(LEFT + 716, y, 'last store is done'),
    ...titles,
  ].join('\n');
}

function panel(result: HerdResult, x: number, y: number, isLast: boolean): string {
  const { series, scenario, allSeconds } = result;
  const { workers, requestMs, recordMs } = WORLD.pms;
  const capacityY = y + heightOf((workers * 1000) / (requestMs + recordMs * WORLD.batches.standard));
  const ticks = [10, 100, 1_000, 10_000].map((value) => {
    const atY = y + heightOf(value);
    const label = result.comeback === 'line' ? text(x - 6, atY + 4, value.toLocaleString('en-US'), 'end') : '';
    return `<path d="M${x} ${r(atY)}h${PANEL.width}" stroke="#ddd"/>${label}`;
  });
  const seconds = [0, 60, 120, 180, 240, 300, 360, 420].map((second) => {
    const atX = x + widthOf(second);
    const label = isLast ? text(atX, y + PANEL.height + 14, String(second), 'middle') : '';
    return `<path d="M${r(atX)} ${y + PANEL.height}v4" stroke="#000"/>${label}`;
  });
  const end =
    allSeconds === null
      ? ''
      : `<path d="M${r(x + widthOf(allSeconds))} ${y}v${PANEL.height}" stroke="#000" stroke-width="2"/>`;
  return [
    text(x, y - 6, scenario.name),
    ...ticks,
    `<path d="${areaOf(series.served, x, y)}" fill="#bbb"/>`,
    `<path d="M${x} ${r(capacityY)}h${PANEL.width}" stroke="#000" stroke-dasharray="5 3"/>`,
    `<path d="${lineOf(series.offered, x, y)}" stroke="#000" stroke-width="0.9" fill="none"/>`,
    end,
    `<path d="M${x} ${y}v${PANEL.height}h${PANEL.width}" stroke="#000" fill="none"/>`,
    ...seconds,
  ].join('\n');
}

/** Pixels from a panel's top; what is below the scale lies on its floor. */
function heightOf(value: number): number {
  const share = Math.log(Math.max(value, LEAST) / LEAST) / Math.log(MOST / LEAST);
  return PANEL.height * (1 - Math.min(1, share));
}

function widthOf(second: number): number {
  return (PANEL.width * Math.min(second, SECONDS)) / SECONDS;
}

function lineOf(values: readonly number[], x: number, y: number): string {
  const points = values.slice(0, SECONDS).map((value, second) => `${r(x + widthOf(second))} ${r(y + heightOf(value))}`);
  return `M${points.join('L')}`;
}

function areaOf(values: readonly number[], x: number, y: number): string {
  const shown = values.slice(0, SECONDS);
  const floor = y + PANEL.height;
  return `M${x} ${floor}L${lineOf(shown, x, y).slice(1)}L${r(x + widthOf(shown.length - 1))} ${floor}Z`;
}

function r(value: number): string {
  return value.toFixed(1);
}

function text(x: number, y: number, words: string, anchor = 'start', more = ''): string {
  return `<text x="${r(x)}" y="${r(y)}" text-anchor="${anchor}" ${more}>${words}</text>`;
}
