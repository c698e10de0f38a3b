/** Figures of a random history, complete enough to make pages of. */
import type { ReportKind, ReportWindow } from '../../src/reports/api.ts';
import { countTrail } from '../../src/reports/figures/count.ts';
import { type Figures, makeFigures } from '../../src/reports/figures/figures.ts';
import type { RegisterRow } from '../../src/reports/figures/register.ts';
import { type HistoryOptions, makeHistory } from './history.ts';

/** Makes the history below `trailDir` and counts all of it. */
export function sampleFigures(trailDir: string, options: HistoryOptions, kind: ReportKind = 'monthly'): Figures {
  const { fromMs, toMs } = makeHistory(trailDir, options);
  return figuresOf(trailDir, { fromUtcMs: fromMs, toUtcMs: toMs, timeZone: 'America/New_York' }, kind);
}

function figuresOf(trailDir: string, window: ReportWindow, kind: ReportKind): Figures {
  const { counted } = countTrail(trailDir, window);
  return makeFigures({
    kind,
    store: {
      gatewayId: 'gw-0042',
      store: '0042',
      name: 'Elm Street Pharmacy <&>',
      address: '12 Elm Street, Springfield',
      deaRegistration: 'AB1234563',
    },
    window,
    program: '0.1.0',
    trail: {
      holds: true,
      faults: [],
      faults_total: 0,
      remarks: ['audit: the first segment has a remark'],
      remarks_total: 1,
      key_given: false,
      logs: { audit: { entries: 10, root: null }, schedule_two: { entries: 4, root: null } },
      archive: null,
    },
    counted,
    ndc: {
      by_path: { hyphenated: 510, already_11: 334, already_12: 90, product_table: 3, unresolved: 21 },
      unreadable: 0,
    },
    register: kind === 'schedule_two' ? Array.from({ length: 120 }, (_, at) => row(at + 1)) : null,
  });
}

const row = (sequence: number): RegisterRow => ({
  sequence,
  dispensed_at_utc: '2026-11-02T14:03:00Z',
  received_ms: Date.UTC(2026, 10, 2, 14, 3),
  lane: 'lane-1',
  kind: 'DISPENSE',
  prescription_id: `RX-${1000 + sequence}`,
  ndc: '00574407205',
  quantity: '30',
  pharmacist_npi: '1234567893',
  prescriber_dea: 'AB1234563',
  patient_ref: 'pt-5d3f',
  flags: [],
  state: 'SYNCED',
  pms_id: `pms-${sequence}`,
  settled_ms: null,
  payload_hash: 'n4bQgYhMfWWaL+qgxVrQFaO/TxsrC4Is0V1sFbDwCgg=',
});
