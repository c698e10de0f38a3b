/** The folders of reports as the dashboard shows them: a page of them at a time, since there may be years. */
import { existsSync, readdirSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { RecordBuffer } from '../../buffer/api.ts';
import type { DeliveryItem, ReportItem, ReportShelf } from '../../dashboard/shelf.ts';
import type { StoredReport } from '../../reports/api.ts';
import { DELIVERY_FAULTS } from '../../reports/deliver/faults.ts';
import type { Job } from '../../reports/deliver/jobs.ts';
import type { Outbox } from '../../reports/deliver/outbox.ts';
import { readReport } from '../../reports/folder.ts';
import { registerFilter, registerLook } from './register-look.ts';

const ID = /^[a-z0-9_-]{1,64}$/;
/** Of the first local day, in a report's name. */
const DAY = /-\d{8}-/;

export interface ShelfParts {
  readonly directory: string;
  readonly buffer: Pick<RecordBuffer, 'note' | 'archive'>;
  readonly outbox: Pick<Outbox, 'jobs'>;
}

export function reportShelf({ buffer, directory, outbox }: ShelfParts): ReportShelf {
  const read = (id: string) => (ID.test(id) ? readReport(join(directory, id)) : null);
  return {
    list(skip, limit) {
      const names = namesIn(directory);
      const jobs = outbox.jobs();
      const reports = names.slice(skip, skip + limit).flatMap((name) => {
        const report = read(name);
        return report === null ? [] : itemOf(report, jobs);
      });
      return { reports, total: names.length };
    },
    isConfidential: (id) => read(id)?.manifest.confidential ?? null,
    async file(id, name, by) {
      const report = read(id);
      if (report === null || !report.manifest.files.some((file) => file.name === name)) return null;
      if (report.manifest.confidential) await tellLook(buffer, report, by);
      return { bytes: await readFile(join(report.folder, name)) };
    },
  };
}

/** By the day in their name, newest first: nothing has to be opened for the order. */
function namesIn(directory: string): string[] {
  if (!existsSync(directory)) return [];
  const day = (name: string) => DAY.exec(name)?.[0] ?? '';
  return readdirSync(directory)
    .filter((name) => ID.test(name) && existsSync(join(directory, name, 'report.json')))
    .sort((a, b) => (day(a) === day(b) ? (a < b ? -1 : 1) : day(a) < day(b) ? 1 : -1));
}

function itemOf({ manifest }: StoredReport, jobs: readonly Job[]): ReportItem {
  const { confidential, files, id, signatures, signedBy, title, trailHolds, window } = manifest;
  return {
    id,
    title,
    fromMs: window.fromUtcMs,
    toMs: window.toUtcMs,
    confidential,
    trailHolds,
    sealedBy: signedBy,
    signatures,
    files,
    deliveries: jobs.filter(({ report }) => report === id).map(deliveryOf),
  };
}

function deliveryOf({ attempts, delivered_ms, fault, fault_ms, queued_ms, target }: Job): DeliveryItem {
  const words = Object.entries(DELIVERY_FAULTS).find(([code]) => code === fault)?.[1];
  return {
    target,
    queuedMs: queued_ms,
    deliveredMs: delivered_ms,
    attempts,
    fault: words === undefined ? null : { ...words, sinceMs: fault_ms ?? queued_ms },
  };
}

/** A register shows what records say, so that it is taken away is told as when it was made. */
async function tellLook({ archive, note }: ShelfParts['buffer'], { manifest }: StoredReport, by: string | null) {
  const { fromUtcMs, toUtcMs } = manifest.window;
  const body = registerLook(by, archive.filterHash(registerFilter(fromUtcMs, toUtcMs)));
  await note('audit', 'access', body);
  await note('schedule_two', 'access', body);
}
