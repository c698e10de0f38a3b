/**
 * The closing report: what the store's gateway was, what it took and sent, what was open, who closed it and why, and where
 * everything is. As JSON for programs and as a page for people, both signed by the box like any report (detached CMS), with the
 * certificates beside them.
 */
import { join } from 'node:path';
import { toUtcText } from '../../base/clock.ts';
import type { Config } from '../../base/config/load.ts';
import { syncDirectory, writeDurably } from '../../base/durable.ts';
import type { BufferFacts } from '../../buffer/api.ts';
import { canonicalText } from '../../record/canonical.ts';
import { signCms } from '../../reports/sign/cms.ts';
import { SIGNATURE_SUFFIX } from '../../reports/sign/sign-report.ts';
import { openKey, ownKeyFolder, signingOf } from '../reports/signer.ts';
import { VERSION } from '../version.ts';
import { BACKUP_FILE } from './export.ts';
import type { CloseState } from './state.ts';

export const REPORT_FILE = 'closing-report.json';
const PAGE_FILE = 'closing-report.html';

export interface ClosingFigures {
  readonly facts: BufferFacts;
  readonly archived: number;
  readonly lanes: readonly { readonly lane: string; readonly state: string }[];
  readonly nowMs: number;
}

/** Writes report, page and signatures into the folder; durable when it resolves. @throws CounterfoilError as `openKey`. */
export async function writeClosingReport(config: Config, state: CloseState, figures: ClosingFigures): Promise<void> {
  const place = signingOf(config) ?? {
    keyFile: null,
    certificatesFile: null,
    token: null,
    ownFolder: ownKeyFolder(config),
  };
  const key = await openKey(place, config.gateway.id);
  const report = reportOf(config, state, figures);
  const [leaf] = key.certificates;
  const signedAtMs = Math.max(Math.floor(figures.nowMs / 1000) * 1000, leaf?.validFromDate.getTime() ?? 0);
  const files = [
    { name: REPORT_FILE, bytes: Buffer.from(`${canonicalText(report)}\n`) },
    { name: PAGE_FILE, bytes: Buffer.from(pageOf(report)) },
  ];
  for (const { name, bytes } of files) {
    writeDurably(join(state.to, name), bytes);
    writeDurably(join(state.to, `${name}${SIGNATURE_SUFFIX}`), await signCms(bytes, key, signedAtMs));
  }
  const certificates = key.certificates.map((certificate) => certificate.toString()).join('');
  writeDurably(join(state.to, 'certificates.pem'), certificates);
  writeDurably(join(state.to, 'README.txt'), readmeOf(state));
  syncDirectory(state.to);
}

function reportOf({ gateway }: Config, state: CloseState, { facts, archived, lanes, nowMs }: ClosingFigures) {
  return {
    v: 1,
    what: 'closing report of a Counterfoil gateway',
    program: VERSION,
    made_at_utc: toUtcText(nowMs),
    gateway_id: state.gateway_id,
    epoch: state.epoch,
    store: { store: gateway.store, name: gateway.name, address: gateway.address, dea: gateway.deaRegistration },
    begun_at_utc: state.begun_at_utc,
    meaning: state.meaning,
    signed: state.signed,
    records: { in_buffer: state.records, archived, last_sequence: facts.lastSequence },
    open: { count: state.open, reason: state.reason },
    states: facts.counts,
    not_records: { refused_open: facts.refusedOpen, conflicts_open: facts.conflictOpen },
    trails: facts.auditSize,
    lanes_revoked: lanes,
    files: state.files,
  };
}

type Report = ReturnType<typeof reportOf>;

const TITLE = 'Closing report';

function pageOf(report: Report): string {
  const signers = report.signed.map(
    ({ printed_name, key_id, signed_ms }) => `${printed_name} (key ${key_id}), ${toUtcText(signed_ms)}`,
  );
  const states = Object.entries(report.states).flatMap(([schedule, counts]) =>
    Object.entries(counts).map(([state, count]) => `Schedule ${schedule}, ${state}: ${count}`),
  );
  const rows: [string, string][] = [
    ['Gateway', `${report.gateway_id}, epoch ${report.epoch}`],
    ['Store', [report.store.store, report.store.name, report.store.address].filter((part) => part !== null).join(', ')],
    ['DEA registration', report.store.dea ?? 'not configured'],
    ['Made', report.made_at_utc],
    ['Signed by', signers.join('; ')],
    ['Meaning', report.meaning],
    ['Records', `${report.records.in_buffer} in the buffer, ${report.records.archived} in the archive`],
    ['Of them', states.join('; ') || 'none'],
    ['Open at the end', report.open.count === 0 ? 'none' : `${report.open.count}, reason ${report.open.reason}`],
    ['Trail entries before the last ones', `audit ${report.trails.audit}, schedule_two ${report.trails.schedule_two}`],
    ['Lanes revoked', report.lanes_revoked.map(({ lane }) => lane).join(', ') || 'none had a proof of their own'],
    [
      'Files',
      Object.entries(report.files)
        .map(([name, hash]) => `${name} (SHA-256 ${hash})`)
        .join('; '),
    ],
  ];
  const body = rows.map(([name, value]) => `<tr><th scope="row">${escaped(name)}</th><td>${escaped(value)}</td></tr>`);
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>${TITLE} ${escaped(report.gateway_id)}</title>
<style>body{font:16px/1.5 sans-serif;max-width:50rem;margin:2rem auto;padding:0 1rem}th{text-align:left;vertical-align:top;padding-right:1rem}td{overflow-wrap:anywhere}</style>
</head><body><main><h1>${TITLE}</h1><table>
${body.join('\n')}
</table></main></body></html>
`;
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');
}

function readmeOf({ gateway_id }: CloseState): string {
  return `What gateway ${gateway_id} held when it was closed for good.

${BACKUP_FILE}      everything: records, archive, trail, configuration. Only the chain's recovery private key opens it:
                      counterfoil backup verify ${BACKUP_FILE} --key recovery.pem
trail/                both trails; README.txt in it says how to check them: counterfoil trail verify trail
${REPORT_FILE}   what was closed, by whom and why; ${PAGE_FILE} is the same as a page
*.p7s                 the box's signature under each:
                      openssl cms -verify -binary -inform DER -in ${REPORT_FILE}.p7s \\
                        -content ${REPORT_FILE} -CAfile certificates.pem -purpose any -out /dev/null
`;
}
