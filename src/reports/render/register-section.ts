/** The register of Schedule II: manifests of reconciliation runs, then record by record. */
import type { Figures } from '../figures/figures.ts';
import { type Block, type Column, heading, list, table, text } from './document.ts';
import { count, type LocalTime, shortHash } from './words.ts';

const number = (title: string, share = 1): Column => ({ title, share, align: 'right' });

export function registerBlocks({ counted, register }: Figures, local: LocalTime): Block[] {
  const rows = register ?? [];
  const two = counted.reconciliation.II;
  return [
    heading(1, 'Manifests'),
    text(
      'After each outage the gateway signs a list of the Schedule II records that went to the PMS; "counterfoil manifest show" shows it.',
    ),
    list(
      'Signed manifests in this window',
      [
        number('Run', 0.6),
        { title: 'Began (UTC)', share: 2 },
        { title: 'Ended (UTC)', share: 2 },
        number('Records'),
        number('Unsigned'),
      ],
      counted.traffic.manifests.map(([run, began, ended, records, unsigned]) => [
        String(run),
        began,
        ended,
        count(records),
        count(unsigned),
      ]),
    ),
    heading(1, 'Register'),
    text(
      `${count(rows.length)} records are listed; the trail tells of ${count(two.captured)} captured in this window. State and PMS id are those of the moment the register was made.`,
    ),
    table(
      'Schedule II records in the order in which they were taken',
      COLUMNS,
      rows.map((row) => [
        String(row.sequence),
        local.minute(Date.parse(row.dispensed_at_utc)),
        row.kind,
        row.prescription_id,
        row.ndc,
        row.quantity,
        row.pharmacist_npi,
        row.prescriber_dea,
        row.patient_ref,
        row.lane,
        row.state,
        row.pms_id,
        shortHash(row.payload_hash),
      ]),
      MOST_REGISTER_ROWS,
    ),
  ];
}

/** All of them: a register that leaves out is none. */
const MOST_REGISTER_ROWS = Number.MAX_SAFE_INTEGER;

const COLUMNS: readonly Column[] = [
  number('No.', 0.8),
  { title: 'Dispensed', share: 1.6 },
  { title: 'Kind', share: 1.2 },
  { title: 'Prescription', share: 1.5 },
  { title: 'NDC', share: 1.4 },
  number('Qty', 0.6),
  { title: 'Pharmacist', share: 1.2 },
  { title: 'Prescriber', share: 1.1 },
  { title: 'Patient token', share: 1.5 },
  { title: 'Lane', share: 0.9 },
  { title: 'State', share: 1.2 },
  { title: 'PMS id', share: 1.3 },
  { title: 'Hash', share: 1.4 },
];
