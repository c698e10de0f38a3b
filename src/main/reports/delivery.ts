/** The outbox of reports, put together: targets from the configuration, entries into the trail, figures for health. */
import { join } from 'node:path';
import { systemClock, systemTimers } from '../../base/clock.ts';
import { following } from '../../base/config/following.ts';
import type { Config } from '../../base/config/load.ts';
import type { Log } from '../../base/log.ts';
import type { RecordBuffer } from '../../buffer/api.ts';
import type { DeliveryFacts } from '../../health/sources.ts';
import { DELIVERY_FAULTS } from '../../reports/deliver/faults.ts';
import { Jobs } from '../../reports/deliver/jobs.ts';
import { mailTarget } from '../../reports/deliver/mail.ts';
import { Outbox } from '../../reports/deliver/outbox.ts';
import { sftpTarget } from '../../reports/deliver/sftp.ts';
import type { Target } from '../../reports/deliver/target.ts';
import { readReport } from '../../reports/folder.ts';
import { reportsDirectory } from './task.ts';

/** Hidden, so that nobody takes it for a report. */
export const outboxDirectory = (config: Pick<Config, 'dataDir'>): string => join(reportsDirectory(config), '.outbox');

export function targetsOf({ reports }: Config): Target[] {
  const { mail, sftp, timeoutSeconds } = reports.deliver;
  const timeoutMs = timeoutSeconds * 1000;
  return [
    ...mail.map((options) => mailTarget({ ...options, timeoutMs })),
    ...sftp.map((options) => sftpTarget({ ...options, timeoutMs })),
  ];
}

export function makeOutbox(config: Config, { buffer, log }: { buffer: RecordBuffer; log: Log }): Outbox {
  const directory = reportsDirectory(config);
  return new Outbox({
    options: following(() => retryOf(config)),
    targets: targetsOf(config),
    jobs: new Jobs(outboxDirectory(config), (name) =>
      log.error('a file of the outbox of reports cannot be read', {
        reason: name,
        hint: 'Look at it; take it away if it is nothing, and hand the report over again: counterfoil report deliver.',
      }),
    ),
    read: (id) => readReport(join(directory, id)),
    note: (body) => buffer.note('audit', 'report_delivery', body),
    clock: systemClock,
    timers: systemTimers,
    random: Math.random,
    log,
  });
}

function retryOf({ reports }: Config) {
  const { retrySeconds, retryLongestSeconds } = reports.deliver;
  return { retryMs: retrySeconds * 1000, longestMs: retryLongestSeconds * 1000 };
}

export function deliveryFacts(outbox: Outbox): DeliveryFacts {
  return {
    targets: outbox.facts().map(({ fault, ...facts }) => ({
      ...facts,
      fault: fault === null ? null : { ...fault, ...DELIVERY_FAULTS[fault.code] },
    })),
  };
}
