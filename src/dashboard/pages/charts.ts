/** Charts of the last hour, day or month; each is a table too, with every number that is drawn. */
import { html } from 'hono/html';
import type { Field, Figures } from '../history/row.ts';
import { SPANS, type Span, type Step, stepMs } from '../history/series.ts';
import { figure, span as spanOf, type Times } from '../words.ts';
import type { Markup } from './layout.ts';

interface Line {
  readonly field: Field;
  readonly label: string;
  /** Divides the figure: hours of a forecast, percent of a share. */
  readonly by?: number;
}

export interface Chart {
  readonly id: string;
  readonly title: string;
  readonly unit: string;
  readonly lines: readonly Line[];
}

/** Every chart in the order of the page; assets/charts.js draws what it is told here. */
export const CHARTS: readonly Chart[] = [
  {
    id: 'depth',
    title: 'Records on the way',
    unit: 'records',
    lines: [
      { field: 'pending', label: 'Standard' },
      { field: 'pendingTwo', label: 'Schedule II' },
    ],
  },
  {
    id: 'link',
    title: 'Line to the PMS',
    unit: '% of the time',
    lines: [
      { field: 'offlineSeconds', label: 'Down' },
      { field: 'degradedSeconds', label: 'Poor' },
    ],
  },
  {
    id: 'age',
    title: 'Age of the oldest record on the way',
    unit: 'seconds',
    lines: [
      { field: 'oldestSeconds', label: 'Any' },
      { field: 'oldestTwoSeconds', label: 'Schedule II' },
    ],
  },
  {
    id: 'commit',
    title: 'Time to disk',
    unit: 'ms',
    lines: [
      { field: 'commitP50Ms', label: 'Half within' },
      { field: 'commitP99Ms', label: '99 of 100 within' },
    ],
  },
  {
    id: 'rate',
    title: 'Records in and at the PMS',
    unit: 'records',
    lines: [
      { field: 'accepted', label: 'Taken in' },
      { field: 'settled', label: 'Settled with the PMS' },
    ],
  },
  {
    id: 'storage',
    title: 'Storage used',
    unit: '%',
    lines: [{ field: 'utilisation', label: 'Used', by: 0.01 }],
  },
];

const SPAN_WORDS = { hour: 'Last hour', day: 'Last day', month: 'Last month' } as const;

/** A line's value at one step; null where it is not known. */
export function pointOf({ by = 1, field }: Line, figures: Figures | null): number | null {
  const value = figures?.[field] ?? null;
  if (value === null) return null;
  if (field !== 'offlineSeconds' && field !== 'degradedSeconds') return Math.round((value / by) * 1000) / 1000;
  const seen = figures?.seenSeconds ?? 0;
  return seen === 0 ? 0 : Math.min(100, Math.round((value / seen) * 1000) / 10);
}

export function chartsPage(steps: readonly Step[], shown: Span, times: Times): Markup {
  return html`<h1>Charts</h1>
<nav class="spans" aria-label="Span of time"><ul>${SPANS.map((span) =>
    span === shown
      ? html`<li><a href="/charts?span=${span}" aria-current="page">${SPAN_WORDS[span]}</a></li>`
      : html`<li><a href="/charts?span=${span}">${SPAN_WORDS[span]}</a></li>`,
  )}</ul></nav>
<p class="note">One point is ${spanOf(stepMs(shown))}. A gap means that the gateway did not run; shaded is a time in which the line was down.${forecast(steps)}</p>
<div class="charts" data-span="${shown}">
${CHARTS.map((chart) => figureOf(chart, steps, times))}
</div>`;
}

function forecast(steps: readonly Step[]): string {
  const seconds = steps.at(-1)?.figures?.fullInSeconds ?? null;
  return seconds === null ? '' : ` At this rate storage is full in ${spanOf(seconds * 1000)}.`;
}

function figureOf(chart: Chart, steps: readonly Step[], times: Times): Markup {
  const { id, lines, title, unit } = chart;
  const newest = lines.map((line) => `${line.label} ${figure(pointOf(line, steps.at(-1)?.figures ?? null))}`);
  return html`<figure class="chart">
<figcaption><h2>${title}</h2> <span class="note">${unit}</span></figcaption>
<div class="plot" data-chart="${id}" role="img" aria-label="${title}, ${unit}. Now: ${newest.join(', ')}. The table below has every number."></div>
<details><summary>${title} as a table</summary>
<div class="scroll" tabindex="0" role="region" aria-label="${title}, table">
<table><caption>${title}, ${unit}</caption>
<thead><tr><th scope="col">From</th>${lines.map(({ label }) => html`<th scope="col">${label}</th>`)}</tr></thead>
<tbody>${steps
    .toReversed()
    .map(
      ({ atMs, figures }) =>
        html`<tr><th scope="row">${times.short(atMs)}</th>${lines.map((line) => html`<td>${figure(pointOf(line, figures))}</td>`)}</tr>`,
    )}</tbody></table></div></details>
</figure>`;
}
