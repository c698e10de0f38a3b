/**
 * Makes one report, from the trail's files and read-only looks into the buffer: nothing of it is done in the gateway's own
 * process. The trail is verified first, and what that finds stands on the first page, whatever it is.
 */
import { existsSync } from 'node:fs';
import { toUtcText } from '../../base/clock.ts';
import { messageOf } from '../../base/errors.ts';
import type { KeptRecord } from '../../buffer/api.ts';
import { readPayloads } from '../../buffer/read-payloads.ts';
import { openRecords } from '../../buffer/read-records.ts';
import type { TrailVerdict } from '../../inspect/verdict.ts';
import { verifyTrail } from '../../inspect/verify.ts';
import type { StoredReport } from '../../reports/api.ts';
import { countTrail, type IntakeRanges } from '../../reports/figures/count.ts';
import { figuresBytes, makeFigures, type TrailVerdictFigures } from '../../reports/figures/figures.ts';
import { RowFile } from '../../reports/figures/listing.ts';
import { countNdc, type NdcFigures } from '../../reports/figures/ndc.ts';
import { isIn, type RegisterRow, registerRows } from '../../reports/figures/register.ts';
import { storeReport } from '../../reports/folder.ts';
import { renderReport } from '../../reports/render/render.ts';
import { type SignerOrNone, signIfPossible } from '../../reports/sign/sign-report.ts';
import { VERSION } from '../version.ts';
import type { ReportTask } from './task.ts';

const MOST_TOLD = 20;

/** @throws CounterfoilError of what it reads. */
export async function makeReport(task: ReportTask, signer: SignerOrNone): Promise<StoredReport> {
  const trail = verdictOf(task.trailDir);
  const rows = new RowFile();
  const { counted, intakes } = countTrail(task.trailDir, task.window, rows.sink);
  const figures = makeFigures({
    kind: task.kind,
    store: task.store,
    window: task.window,
    program: VERSION,
    trail,
    counted,
    ndc: ndcOf(task, intakes),
    register: task.kind === 'schedule_two' ? registerOf(task, intakes) : null,
  });
  const rendered = { ...(await renderReport(figuresBytes(figures), [])), lists: rows.bytes };
  const asOfMs = counted.reading.newest_ms ?? task.window.fromUtcMs;
  const report = await signIfPossible(rendered, signer, asOfMs);
  return storeReport(task.reportsDir, report, { trailHolds: trail.holds, asOfUtc: toUtcText(asOfMs), run: task.run });
}

/** A trail that cannot even be read is one that does not hold. */
function verdictOf(trailDir: string): TrailVerdictFigures {
  try {
    return told(verifyTrail({ directory: trailDir, log: null, key: null, witnesses: [] }));
  } catch (error) {
    const faults = [`The trail could not be verified: ${messageOf(error)}`];
    return {
      holds: false,
      faults,
      faults_total: 1,
      remarks: [],
      remarks_total: 0,
      key_given: false,
      logs: {},
      archive: null,
    };
  }
}

function told({ ok, logs, archive, key_given: keyGiven }: TrailVerdict): TrailVerdictFigures {
  const each = Object.entries(logs);
  const faults = each.flatMap(([log, verdict]) => verdict.faults.map(({ message }) => `${log}: ${message}`));
  const remarks = each.flatMap(([log, verdict]) => verdict.remarks.map(({ message }) => `${log}: ${message}`));
  const archiveFaults = archive?.faults.map(({ message }) => `archive: ${message}`) ?? [];
  const sum = (pick: (verdict: TrailVerdict['logs'][string]) => number) =>
    each.reduce((all, [, verdict]) => all + pick(verdict), 0);
  return {
    holds: ok,
    faults: [...faults, ...archiveFaults].slice(0, MOST_TOLD),
    faults_total: sum(({ faults_total: total }) => total) + (archive?.faults_total ?? 0),
    remarks: remarks.slice(0, MOST_TOLD),
    remarks_total: sum(({ remarks_total: total }) => total),
    key_given: keyGiven,
    logs: Object.fromEntries(each.map(([log, { entries, root }]) => [log, { entries, root }])),
    archive: archive === null ? null : { files: archive.files, frames: archive.frames, records: archive.records },
  };
}

/** Null where there is no buffer that can be read: a copy of the trail alone gives a report too. */
function ndcOf({ dataDir, archiveDir }: ReportTask, intakes: IntakeRanges): NdcFigures | null {
  if (!existsSync(`${dataDir}/buffer.db`) || !existsSync(`${dataDir}/box.key`)) return null;
  return countNdc(readPayloads(dataDir, archiveDir, (log, index) => isIn(intakes[log], index)));
}

function registerOf({ dataDir, archiveDir }: ReportTask, intakes: IntakeRanges): RegisterRow[] {
  const source = openRecords(dataDir, archiveDir);
  try {
    return registerRows(scheduleTwo(source), intakes);
  } finally {
    source.close();
  }
}

function* scheduleTwo(source: ReturnType<typeof openRecords>): Generator<KeptRecord> {
  yield* source.fromBuffer(({ schedule }) => schedule === 'II');
  for (const frame of source.fromArchive()) {
    if (frame.stream === 'schedule_two') yield* frame.records() ?? [];
  }
}
