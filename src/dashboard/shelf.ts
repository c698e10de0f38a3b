/** Reports and people as the pages show them; small types that main fills. */
import type { UserRole } from '../base/access.ts';

/** Where one report stands on its way to one target. Times are UTC. */
export interface DeliveryItem {
  readonly target: string;
  readonly queuedMs: number;
  /** Null while it is on its way. */
  readonly deliveredMs: number | null;
  readonly attempts: number;
  /** Why the latest attempt failed and what to do. */
  readonly fault: { readonly message: string; readonly hint: string; readonly sinceMs: number } | null;
}

export interface ReportItem {
  readonly id: string;
  readonly title: string;
  readonly fromMs: number;
  readonly toMs: number;
  /** Holds what records say. */
  readonly confidential: boolean;
  readonly trailHolds: boolean;
  /** Subject of the certificate that signed it; null: nothing has. */
  readonly sealedBy: string | null;
  readonly signatures: readonly {
    readonly printedName: string;
    readonly signedAtUtc: string;
    readonly meaning: string;
  }[];
  readonly files: readonly { readonly name: string; readonly bytes: number }[];
  readonly deliveries: readonly DeliveryItem[];
}

export interface ReportShelf {
  /** Newest first; `skip` of them left out. */
  list(skip: number, limit: number): { readonly reports: readonly ReportItem[]; readonly total: number };
  /** A file of a report by its name there, told to the trail first when it holds what records say; null for none. */
  file(id: string, name: string, by: string | null): Promise<{ readonly bytes: Uint8Array } | null>;
  /** Whether the report holds what records say; null when there is none. */
  isConfidential(id: string): boolean | null;
}

export interface UserItem {
  readonly name: string;
  readonly printedName: string;
  readonly roles: readonly UserRole[];
  readonly disabled: boolean;
  readonly hasSecondFactor: boolean;
  readonly passwordSetAtUtc: string;
}

export interface SessionItem {
  readonly id: string;
  readonly user: string;
  readonly printedName: string;
  readonly roles: readonly UserRole[];
  readonly address: string;
  readonly sinceMs: number;
  readonly idleMs: number;
}

/** Tries to log in that have to wait. */
export interface LockItem {
  /** Null: every user from there. */
  readonly user: string | null;
  /** An address, or the /64 of an IPv6 one; null: from everywhere. */
  readonly address: string | null;
  readonly failures: number;
  readonly waitMs: number;
}

export interface PeopleList {
  readonly users: readonly UserItem[];
  readonly sessions: readonly SessionItem[];
  readonly locks: readonly LockItem[];
  readonly breakGlass: { readonly sealedAtUtc: string; readonly usedAtUtc: string | null } | null;
}

export interface PeopleDesk {
  list(): PeopleList;
  /** Ends a session by its public name; false when there is none. */
  end(session: string): boolean;
}
