/** People's signatures under reports, put together for a running gateway. */
import { hash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Config } from '../../base/config/load.ts';
import type { Operations } from '../../base/socket/operations.ts';
import type { RecordBuffer } from '../../buffer/api.ts';
import { type ReportSignParts, reportSignOperations } from '../../control/report-sign.ts';
import type { UserSigner } from '../../control/review/ports.ts';
import { readReport } from '../../reports/folder.ts';
import { FIGURES_FILE } from '../../reports/sign/sign-report.ts';
import { reportsDirectory } from './task.ts';

type Parts = Pick<ReportSignParts, 'roster' | 'clock' | 'clockQuality'> & {
  readonly buffer: Pick<RecordBuffer, 'note'>;
};

export function reportSigning(config: Config, parts: Parts, signer: UserSigner): Operations {
  const { buffer, roster, clock, clockQuality } = parts;
  return reportSignOperations({
    gatewayId: config.gateway.id,
    figuresHash: (id) => {
      const report = readReport(join(reportsDirectory(config), id));
      return report === null ? null : hash('sha256', readFileSync(join(report.folder, FIGURES_FILE)), 'base64');
    },
    note: (body) => buffer.note('audit', 'report_signed', body),
    roster,
    signer,
    clock,
    clockQuality,
  });
}
