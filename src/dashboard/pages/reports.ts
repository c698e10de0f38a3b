/** The reports: which there are, who has signed, where each was brought, and the files themselves. */
import { html } from 'hono/html';
import type { Facts, TargetFacts } from '../facts.ts';
import type { DeliveryItem, ReportItem } from '../shelf.ts';
import { bytes, many, span, type Times } from '../words.ts';
import type { Markup } from './layout.ts';
import { table } from './table.ts';

export const REPORTS_SHOWN = 50;

export interface ReportsView {
  readonly reports: readonly ReportItem[];
  readonly total: number;
  readonly skip: number;
  /** Whether this reader may have reports that hold what records say. */
  readonly confidential: boolean;
}

export function reportsPage({ delivery, nowMs }: Facts, view: ReportsView, times: Times): Markup {
  const { reports, skip, total } = view;
  return html`<h1>Reports</h1>
${targets(delivery?.targets ?? [], nowMs, times)}
${
  total === 0
    ? html`<p>No report has been made yet. The gateway makes them by the schedule in its settings; <code>counterfoil report run</code> makes one now.</p>`
    : table(
        'Reports',
        ['Report', 'Trail', 'Signed', 'Brought to', 'Files'],
        reports.map((report) => row(report, view, nowMs, times)),
        'wide reports',
      )
}
${pages(skip, reports.length, total)}
<p class="note">A signature is put under a report on the box: <code>counterfoil report sign REPORT --user NAME</code>.</p>`;
}

function targets(all: readonly TargetFacts[], nowMs: number, times: Times): Markup | string {
  if (all.length === 0)
    return html`<p class="note">Reports stay on this box: no target is configured (<code>reports.deliver</code>).</p>`;
  return html`<section class="waiting"><h2>Where they go</h2>
${table(
  'Targets of reports',
  ['Target', 'Delivered', 'Waiting', 'State'],
  all.map(
    ({ delivered, fault, lastDeliveredMs, name, oldestMs, waiting }) => html`<tr><th scope="row">${name}</th>
<td>${delivered}${lastDeliveredMs === null ? '' : html` <span class="note">(last ${times.short(lastDeliveredMs)})</span>`}</td>
<td>${waiting}${oldestMs === null ? '' : html` <span class="note">(oldest ${span(nowMs - oldestMs)})</span>`}</td>
<td>${fault === null ? 'well' : html`<b>Failing for ${span(nowMs - fault.sinceMs)}:</b> ${fault.message}. ${fault.hint}`}</td></tr>`,
  ),
)}</section>`;
}

function row(report: ReportItem, view: ReportsView, nowMs: number, times: Times): Markup {
  const { confidential, deliveries, id, sealedBy, signatures, title, trailHolds } = report;
  return html`<tr><th scope="row">${title}<br><span class="where">${id}</span>${confidential ? html` <span class="badge">holds records</span>` : ''}</th>
<td>${trailHolds ? 'holds' : html`<b class="fail">does not hold</b>`}</td>
<td>${signatures.map(({ meaning, printedName, signedAtUtc }) => html`<b>${printedName}</b>, ${times.short(Date.parse(signedAtUtc))}: ${meaning}<br>`)}
${signatures.length === 0 ? html`<b>by nobody yet</b><br>` : ''}<span class="note">${sealedBy === null ? 'not sealed by this box' : `sealed by ${sealedBy}`}</span></td>
<td>${deliveries.length === 0 ? '–' : deliveries.map((each) => html`${brought(each, nowMs, times)}<br>`)}</td>
<td>${confidential && !view.confidential ? 'for compliance' : files(report)}</td></tr>`;
}

function brought(
  { attempts, deliveredMs, fault, queuedMs, target }: DeliveryItem,
  nowMs: number,
  times: Times,
): Markup {
  if (deliveredMs !== null) return html`<b>${target}</b>: delivered ${times.short(deliveredMs)}`;
  if (fault === null) return html`<b>${target}</b>: on its way for ${span(nowMs - queuedMs)}`;
  return html`<b>${target}</b>: ${many(attempts, 'attempt')} failed, ${fault.message}. ${fault.hint}`;
}

function files({ id, files: all, title }: ReportItem): Markup[] {
  return all.map(
    ({ bytes: size, name }) =>
      html`<a href="/reports/${id}/${name}" download aria-label="${title}: ${name}">${name}</a> <span class="note">${bytes(size)}</span><br>`,
  ) as Markup[];
}

function pages(skip: number, shown: number, total: number): Markup | string {
  if (shown === total) return '';
  const [newer, older] = [Math.max(0, skip - REPORTS_SHOWN), skip + shown];
  return html`<p class="note">${skip + 1} to ${skip + shown} of ${total}.
${skip > 0 ? html`<a href="/reports?skip=${newer}">Newer</a>` : ''} ${older < total ? html`<a href="/reports?skip=${older}">Older</a>` : ''}</p>`;
}
