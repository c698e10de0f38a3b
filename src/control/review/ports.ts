/** What review needs of others; main passes it in. */
import type { Clock } from '../../base/clock.ts';
import type { ClockQuality, RecordBuffer, SettledRecord } from '../../buffer/api.ts';
import type { CheckContext } from '../../record/check.ts';
import type { Roster } from '../../record/roster.ts';
import type { Flag } from '../../record/types.ts';

export type ReviewBuffer = Pick<
  RecordBuffer,
  'gatewayId' | 'epoch' | 'readWaiting' | 'readWaitingDetail' | 'review' | 'note'
>;

/** First verification, as at intake: a corrected record is judged like any other. */
export interface SignaturePolicy {
  readonly judge: NonNullable<CheckContext['signatures']>;
  /** Whether a record with these flags waits for a person before it is sent. */
  readonly holds: (flags: readonly Flag[]) => boolean;
}

export interface ReviewParts {
  readonly buffer: ReviewBuffer;
  readonly clock: Clock;
  readonly clockQuality: () => ClockQuality;
  readonly products: CheckContext['products'];
  /** The store's roster as it stands now; null when none is configured. */
  readonly roster: () => Roster | null;
  readonly signatures: SignaturePolicy;
  /** An act is on disk: lanes are told of `moved`, and there may be something new to send. */
  readonly onActed: (moved: readonly SettledRecord[]) => void;
}

/** Named users who sign with their password; main passes them in. */
export interface UserSigner {
  /** As it is printed; null when there is no such user. */
  printedName(user: string): string | null;
  /** A detached JWS over the text with the user's own key, or why there is none. */
  sign(
    credentials: { readonly user: string; readonly password: string; readonly code: string | null },
    address: string,
    text: string,
  ): Promise<
    | { readonly ok: true; readonly signature: string }
    | { readonly ok: false; readonly fault: string; readonly retryAfterSeconds: number }
  >;
}
