/** What looking into records and their expiry need of others; main passes it in. */
import type { Clock } from '../../base/clock.ts';
import type { ClockQuality, RecordBuffer } from '../../buffer/api.ts';
import type { Roster } from '../../record/roster.ts';

export interface RecordsParts {
  readonly buffer: Pick<RecordBuffer, 'gatewayId' | 'epoch' | 'note' | 'archive'>;
  readonly clock: Clock;
  readonly clockQuality: () => ClockQuality;
  readonly roster: () => Roster | null;
  /** `retention.years`. */
  readonly retentionYears: number;
  /** An act of expiry is on disk: its files may go. */
  readonly onExpired: () => void;
  /** 16 hex digits, new for each look. */
  readonly newLook: () => string;
}
