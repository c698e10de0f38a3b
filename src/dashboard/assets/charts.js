/** Draws the charts: what to draw comes from /charts/data, colours from the stylesheet. */
import { isSomebodyHere } from './presence.js';
import uPlot from './uplot.js';

/**
 * @typedef {{ id: string, lines: { label: string, values: (number | null)[] }[] }} ChartData
 * @typedef {{ timeZone: string, at: number[], down: boolean[], charts: ChartData[] }} Answer
 */

const REFRESH_MS = 60_000;
const root = /** @type {HTMLElement | null} */ (document.querySelector('.charts'));
/** @type {Map<string, uPlot>} */
const drawn = new Map();
/** @type {boolean[]} */
let down = [];

/** @param {string} name */
const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

/** Shades the steps in which the line was down. @param {uPlot} plot */
function shade(plot) {
  const times = plot.data[0];
  const { ctx, bbox } = plot;
  ctx.save();
  ctx.fillStyle = colour('--shade');
  down.forEach((isDown, index) => {
    const from = times[index];
    if (!isDown || from === undefined) return;
    const until = times[index + 1] ?? from + ((times[1] ?? from) - (times[0] ?? from));
    const left = Math.max(bbox.left, plot.valToPos(from, 'x', true));
    const right = Math.min(bbox.left + bbox.width, plot.valToPos(until, 'x', true));
    ctx.fillRect(left, bbox.top, Math.max(1, right - left), bbox.height);
  });
  ctx.restore();
}

/** @param {HTMLElement} place @param {string} timeZone @param {ChartData} chart @returns {uPlot.Options} */
function options(place, timeZone, { lines }) {
  const ink = {
    stroke: colour('--soft'),
    grid: { stroke: colour('--line'), width: 1 },
    ticks: { stroke: colour('--line'), width: 1 },
  };
  return {
    width: place.clientWidth,
    height: 200,
    tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), timeZone),
    scales: { y: { range: (_plot, _min, max) => [0, max > 0 ? max * 1.1 : 1] } },
    axes: [
      { ...ink, values: TIMES },
      { ...ink, size: 56 },
    ],
    series: [
      {
        label: 'From',
        value: (_plot, seconds) => (seconds == null ? '' : TIME(uPlot.tzDate(new Date(seconds * 1000), timeZone))),
      },
      ...lines.map(({ label }, index) => ({
        label,
        stroke: colour(index === 0 ? '--one' : '--two'),
        width: 2,
        ...(index === 0 ? {} : { dash: [6, 3] }),
        points: { show: false },
        spanGaps: false,
        value: asText,
      })),
    ],
    cursor: { drag: { x: false, y: false } },
    hooks: { drawClear: [shade] },
  };
}

/** @param {uPlot} _plot @param {number | null} value */
const asText = (_plot, value) => (value == null ? '' : String(value));
const TIME = uPlot.fmtDate('{MMM} {D} {HH}:{mm}');

/** 24 hours; the date where the day changes. */
const TIMES = [
  [86_400, '{MMM} {D}', null, null, null, null, null, null, 1],
  [3600, '{HH}:{mm}', '\n{MMM} {D}', null, '\n{MMM} {D}', null, null, null, 1],
  [60, '{HH}:{mm}', '\n{MMM} {D}', null, '\n{MMM} {D}', null, null, null, 1],
];

/** @returns {Promise<Answer>} */
async function ask() {
  const answer = await fetch(`/charts/data?span=${root?.dataset.span ?? 'hour'}`);
  if (!answer.ok) throw new Error(`the gateway answered ${answer.status}`);
  return answer.json();
}

/** @param {boolean} anew begins again, for other colours */
async function draw(anew) {
  const answer = await ask();
  down = answer.down;
  for (const chart of answer.charts) {
    const place = /** @type {HTMLElement | null} */ (document.querySelector(`[data-chart="${chart.id}"]`));
    if (place === null) continue;
    const data = /** @type {uPlot.AlignedData} */ ([answer.at, ...chart.lines.map(({ values }) => values)]);
    const plot = drawn.get(chart.id);
    if (plot !== undefined && !anew) {
      plot.setData(data);
      continue;
    }
    plot?.destroy();
    drawn.set(chart.id, new uPlot(options(place, answer.timeZone, chart), data, place));
  }
}

/** @param {boolean} anew */
const redraw = (anew) => {
  draw(anew).catch(() => document.documentElement.classList.add('stale'));
};

redraw(false);
setInterval(() => {
  if (isSomebodyHere()) redraw(false);
}, REFRESH_MS);
matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => redraw(true));
addEventListener('resize', () => {
  for (const plot of drawn.values())
    plot.setSize({ width: plot.root.parentElement?.clientWidth ?? plot.width, height: 200 });
});
