/** The last page: what came in, what is on disk, what is at the PMS, and that they are the same. Pure. */
import type { Verdict } from '../checker/verdict.ts';

const LABEL_WIDTH = 36;

/** Lines of plain text. */
export function summary(verdict: Verdict): string[] {
  const { altered, content, counts, problems } = verdict;
  const evidence = counts.refused + counts.conflicts;
  const repeats = counts.acknowledged - counts.durable - evidence;
  const settledElsewhere = counts.quarantined + counts.rejected + counts.setAside;
  return [
    row('sold at the tills', counts.in),
    row('acknowledged by the gateway', counts.acknowledged),
    row('  durable as records', counts.durable),
    ...some('  refused, kept as evidence', counts.refused),
    ...some('  key conflict, kept as evidence', counts.conflicts),
    ...some('  the same again', repeats),
    row('at the PMS', counts.atPms),
    ...some('  quarantined, not sent', counts.quarantined, altered),
    ...some('  rejected by the PMS', counts.rejected),
    ...some('  set aside', counts.setAside),
    ...some('  pending', counts.pending),
    row('lost', counts.lost),
    row('twice', counts.twice),
    '',
    `${counts.acknowledged} acknowledged = ${sum(counts.durable, evidence, repeats)}; ` +
      `${counts.durable} durable = ${sum(counts.atPms, settledElsewhere, counts.pending)} at the PMS and accounted for`,
    ...problems.map((problem) => `PROBLEM: ${problem}`),
    content ? 'The checker is content.' : 'The checker is NOT content.',
  ];
}

function row(label: string, count: number): string {
  return `${label.padEnd(LABEL_WIDTH)}${String(count).padStart(7)}`;
}

function some(label: string, count: number, sequences: readonly number[] = []): string[] {
  if (count === 0) return [];
  return [row(label, count) + (sequences.length === 0 ? '' : `   record ${sequences.join(', ')}`)];
}

function sum(first: number, ...others: readonly number[]): string {
  return [first, ...others.filter((each) => each !== 0)].join(' + ');
}
