/** What the checker says: figures for people and programs, and a sentence for each promise that was broken. */

export interface VerdictCounts {
  /** Publishes the tills have kept, whatever became of them. */
  readonly in: number;
  /** Of those, how many the gateway has acknowledged. */
  readonly acknowledged: number;
  /** Records in the buffer. */
  readonly durable: number;
  /** Of those, how many the PMS holds. */
  readonly atPms: number;
  /** Records not settled yet: PENDING, HELD, AWAITING_VERIFICATION. */
  readonly pending: number;
  readonly rejected: number;
  readonly setAside: number;
  readonly quarantined: number;
  /** Publishes that were no record, and those whose key named another one: kept as evidence. */
  readonly refused: number;
  readonly conflicts: number;
  /** Acknowledged and not in the buffer, or synced and not at the PMS. */
  readonly lost: number;
  /** Once too often in the buffer or at the PMS. */
  readonly twice: number;
}

export interface Verdict {
  readonly content: boolean;
  readonly counts: VerdictCounts;
  /** Sequences of records whose stored bytes or hashes are not those that were taken in. */
  readonly altered: readonly number[];
  /** The first few; empty when the checker is content. */
  readonly problems: readonly string[];
}

/** The figures that matter on one line, short enough for a screen of 80 columns. */
export function verdictFigures({ altered, counts }: Verdict): string {
  return [
    `lost ${counts.lost}`,
    `twice ${counts.twice}`,
    ...(altered.length > 0 ? [`altered ${altered.join(' ')}`] : []),
    `${counts.durable} durable`,
    `${counts.atPms} at PMS`,
    ...(counts.pending > 0 ? [`${counts.pending} pending`] : []),
  ].join(', ');
}

/** The verdict in a sentence, with the first problem when there is one. */
export function verdictLine(verdict: Verdict): string {
  const figures = verdictFigures(verdict);
  if (verdict.content) return `content: ${figures}`;
  return `NOT CONTENT: ${verdict.problems[0] ?? 'no reason given'}; ${figures}`;
}
