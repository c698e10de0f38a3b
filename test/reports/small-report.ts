/** A report as the renderer makes them, only small. */
import PDFDocument from 'pdfkit';
import type { HumanSignature, RenderedReport } from '../../src/reports/api.ts';

/** PDF without compression and with fixed dates: the same bytes each time. */
export async function smallReport(
  id = 'daily-20261123-0123456789ab',
  signatures: readonly HumanSignature[] = [],
): Promise<RenderedReport> {
  const pdf = new PDFDocument({ compress: false, info: { CreationDate: new Date(0), ModDate: new Date(0) } });
  const ended = new Promise<Buffer>((resolve) => {
    const chunks: Buffer[] = [];
    pdf.on('data', (chunk: Buffer) => chunks.push(chunk)).on('end', () => resolve(Buffer.concat(chunks)));
  });
  pdf.text(`Report ${id}`).end();
  return {
    id,
    kind: id.startsWith('schedule_two') ? 'schedule_two' : 'daily',
    window: { fromUtcMs: Date.UTC(2026, 10, 23, 5), toUtcMs: Date.UTC(2026, 10, 24, 5), timeZone: 'America/New_York' },
    store: { gatewayId: 'gw-0042', store: '0042', name: null, address: null, deaRegistration: null },
    title: 'Daily report, store 0042, 2026-11-23',
    confidential: id.startsWith('schedule_two'),
    figures: Buffer.from('{"counted":{},"v":1}'),
    lists: null,
    html: Buffer.from(`<!doctype html><title>${id}</title>`),
    pdf: await ended,
    signatures,
  };
}
