/** NDCs, doubts about records, and publishes that became none. */
import type { NamedEvidence, NamedRecord } from '../figures/doubts.ts';
import type { Figures } from '../figures/figures.ts';
import type { LongList } from '../figures/listing.ts';
import { type Block, type Column, heading, list, table, text } from './document.ts';
import { count, type LocalTime, percent, shortHash } from './words.ts';

const number = (title: string, share = 1): Column => ({ title, share, align: 'right' });

const PATHS = {
  hyphenated: 'ten digits with hyphens, short segment padded',
  already_11: 'eleven digits already',
  already_12: 'twelve digits already',
  product_table: 'ten digits without hyphens, one product in the table',
  unresolved: 'not resolved: kept as sent, a person decides',
} as const;

export function ndcBlocks({ ndc, counted }: Figures, local: LocalTime): Block[] {
  const unresolved = named(
    'Records whose NDC is not resolved',
    counted.doubts.ndc_unresolved,
    local,
    counted.lists.ndc_unresolved,
  );
  if (ndc === null)
    return [
      heading(1, 'NDC'),
      text(
        'The stored records could not be read when this report was made, so the ways by which NDCs were resolved are not known.',
      ),
      unresolved,
    ];
  const paths = Object.entries(PATHS) as [keyof typeof PATHS, string][];
  const all = paths.reduce((sum, [path]) => sum + (ndc.by_path[path] ?? 0), 0);
  const rows = paths.map(([path, words]) => [
    words,
    count(ndc.by_path[path] ?? 0),
    percent(ndc.by_path[path] ?? 0, all),
  ]);
  const resolved = all - (ndc.by_path.unresolved ?? 0);
  return [
    heading(1, 'NDC'),
    text(
      `${percent(resolved, all)} of the NDCs were resolved.${ndc.unreadable === 0 ? '' : ` ${count(ndc.unreadable)} records could not be read any more.`}`,
    ),
    table('How NDCs were written and resolved', [{ title: 'Way', share: 4 }, number('Records'), number('Share')], rows),
    unresolved,
  ];
}

export function doubtBlocks({ counted }: Figures, local: LocalTime): Block[] {
  const { doubts, lists } = counted;
  const conflicts = lists.conflicts?.total ?? doubts.conflicts.length;
  const refused = lists.refused?.total ?? doubts.refused.length;
  const flags = Object.entries(doubts.flags).map(([flag, records]) => [flag, count(records)]);
  const reasons = Object.entries(doubts.refused_by_reason).map(([reason, times]) => [reason, count(times)]);
  const lanes = Object.entries(doubts.duplicates_by_lane).map(([lane, times]) => [lane, count(times)]);
  return [
    heading(1, 'Doubts'),
    list('Records accepted with a doubt, by flag', [{ title: 'Flag', share: 3 }, number('Records')], flags),
    named('Possible double sales', doubts.possible_double_sales, local, lists.possible_double_sales),
    named(
      'Gaps in the numbers of a lane, found at this record',
      doubts.lane_sequence_gaps,
      local,
      lists.lane_sequence_gaps,
    ),
    named(
      'Schedule II records with a doubt about their signatures',
      doubts.signature_doubts,
      local,
      lists.signature_doubts,
    ),
    heading(1, 'Publishes that became no new record'),
    text(
      `${count(doubts.duplicates)} duplicates (the same record again), ${count(conflicts)} conflicts (the key of another record), ${count(refused)} refused (no record). ${count(doubts.evidence_open_from_before)} conflicts and refusals from before this window are still waiting.`,
    ),
    list('Duplicates by lane', [{ title: 'Lane', share: 3 }, number('Publishes')], lanes),
    evidence('Conflicts and how they ended', doubts.conflicts, local, lists.conflicts),
    list('Refused, by reason', [{ title: 'Reason', share: 3 }, number('Publishes')], reasons),
    evidence('Refused publishes and how they ended', doubts.refused, local, lists.refused),
  ];
}

function named(caption: string, records: readonly NamedRecord[], local: LocalTime, long?: LongList): Block {
  const rows = records.map(([sequence, schedule, lane, received, hash]) => [
    String(sequence),
    schedule,
    lane,
    local.second(received),
    shortHash(hash),
  ]);
  return list(
    caption,
    [
      number('Number'),
      { title: 'Schedule', share: 1 },
      { title: 'Lane', share: 2 },
      { title: 'Received', share: 2 },
      { title: 'Hash', share: 1.6 },
    ],
    rows,
    long,
  );
}

function evidence(caption: string, publishes: readonly NamedEvidence[], local: LocalTime, long?: LongList): Block {
  const rows = publishes.map(([at, , lane, hash, codes, ended]) => [
    local.second(at),
    lane,
    shortHash(hash),
    codes.join(', '),
    ended === null ? 'waiting' : `${ended[0]} ${local.second(ended[1])}`,
  ]);
  return list(
    caption,
    [
      { title: 'Time', share: 2 },
      { title: 'Lane', share: 1.3 },
      { title: 'Hash', share: 1.6 },
      { title: 'Reasons', share: 2 },
      { title: 'Ended', share: 2.6 },
    ],
    rows,
    long,
  );
}
