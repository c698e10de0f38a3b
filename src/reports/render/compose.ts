/** From figures to a document: which sections a report of its kind has, and in which order. */
import type { HumanSignature, ReportKind } from '../api.ts';
import type { Figures } from '../figures/figures.ts';
import { type Block, heading, type ReportDocument, text } from './document.ts';
import { registerBlocks } from './register-section.ts';
import { doubtBlocks, ndcBlocks } from './section-doubts.ts';
import { firstPage } from './section-first.ts';
import { dayBlocks, queueBlocks, reconciliationBlocks } from './section-records.ts';
import { lineBlocks, stateBlocks } from './section-states.ts';
import { incidentBlocks, missingBlocks, peopleBlocks, proofBlocks } from './section-trust.ts';
import { LocalTime } from './words.ts';

const NAMES: Readonly<Record<ReportKind, string>> = {
  daily: 'Daily incident report',
  weekly: 'Weekly summary',
  monthly: 'Monthly summary',
  schedule_two: 'Schedule II manifest register',
  inspection: 'Inspection pack',
  biennial: 'Biennial window',
};

/** What a report is called, with its store and its days; nothing of what records say. */
function reportTitle(figures: Figures): string {
  const local = new LocalTime(figures.window);
  const first = local.day(figures.window.from_ms);
  const last = local.day(figures.window.to_ms - 1);
  return `${NAMES[figures.kind]}, store ${figures.store.store}, ${first === last ? first : `${first} to ${last}`}`;
}

export function compose(figures: Figures, id: string, signatures: readonly HumanSignature[]): ReportDocument {
  const local = new LocalTime(figures.window);
  const { from_ms: from, to_ms: to } = figures.window;
  const { store } = figures;
  const about = [
    `Store ${store.store}`,
    store.name,
    store.address,
    store.dea_registration === null ? null : `DEA ${store.dea_registration}`,
  ];
  const isRegister = figures.kind === 'schedule_two';
  return {
    id,
    title: reportTitle(figures),
    isConfidential: isRegister,
    isLandscape: isRegister,
    store: [...about, `gateway ${store.gateway_id}`].filter((part) => part !== null).join(', '),
    window: `${local.minute(from)} to ${local.minute(to)} (${local.zone})`,
    asOfMs: figures.counted.reading.newest_ms ?? from,
    checkpoint: figures.counted.proofs.logs.audit.newest_checkpoint,
    blocks: [...firstPage(figures, local), ...sections(figures, local), ...ending(figures, signatures)],
  };
}

function sections(figures: Figures, local: LocalTime): Block[] {
  if (figures.kind === 'schedule_two') return registerBlocks(figures, local);
  const incidents = incidentBlocks(figures, local);
  const isDaily = figures.kind === 'daily';
  return [
    ...(isDaily ? incidents : []),
    ...reconciliationBlocks(figures, local),
    ...queueBlocks(figures, local),
    ...dayBlocks(figures),
    ...lineBlocks(figures, local),
    ...ndcBlocks(figures, local),
    ...doubtBlocks(figures, local),
    ...stateBlocks(figures, local),
    ...peopleBlocks(figures, local),
    ...(isDaily ? [] : incidents),
    ...proofBlocks(figures, local),
    ...missingBlocks(figures),
  ];
}

const STATEMENTS: Partial<Record<ReportKind, string>> = {
  daily:
    "I have looked through this day's audit trail as reported here, and reported what had to be reported (compare 21 CFR 1311.215).",
};

function ending({ kind }: Figures, people: readonly HumanSignature[]): Block[] {
  const statement = STATEMENTS[kind] ?? 'Reviewed by:';
  return [
    heading(1, 'Signatures'),
    { type: 'signatures', people, statement },
    text(
      'Figures are counted from the audit trail; how to read and to check them is in the documentation ("Read a report"). No claim of conformity with any regulation is made.',
    ),
  ];
}
