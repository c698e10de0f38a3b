/**
 * Who looks at the gateway, and what a request may know of it: the words that the listener, the people who log in and the
 * pages share. The listener decides before a page sees a request; a page reads `viewer` and decides nothing but what to show.
 */

export const USER_ROLES = ['noc', 'pharmacist', 'compliance', 'it'] as const;
/**
 * `noc`: figures without record data. `pharmacist`: what waits for a pharmacist, and the release of held records.
 * `compliance`: records, reports, and the signed acts that end what waits. `it`: users, sessions, the box.
 */
export type UserRole = (typeof USER_ROLES)[number];

/** Whoever a request comes from, proved by the listener. */
export interface Viewer {
  /** `open`: nobody is defined yet and the request is from this box. `monitor`: the bearer token of a NOC, or no token is set. */
  readonly kind: 'open' | 'monitor' | 'session';
  /** Login name for trail entries (`by`); null unless `session`. */
  readonly user: string | null;
  /** As it is printed and signed; null unless `session`. */
  readonly printedName: string | null;
  readonly roles: readonly UserRole[];
  /** Short public name of the session; null unless `session`. */
  readonly session: string | null;
  /** What a changing request carries in `X-CSRF-Token` or the form field `csrf`; empty unless `session`. */
  readonly csrf: string;
  /** Logged in with the sealed code: may look and mend, and signs nothing. */
  readonly breakGlass: boolean;
}

/** What a page finds in its context: `c.get('viewer')`, and the far end's IP address. For hono: `new Hono<PageEnv>()`. */
export interface PageEnv {
  Variables: { viewer: Viewer; address: string };
}

/**
 * Who may ask for a path. `anyone`: no secret in it, no person needed. `monitor`: figures without record data, for a NOC.
 * `people`: anybody who is logged in. A list: one of these roles.
 */
export type Need = 'anyone' | 'monitor' | 'people' | readonly UserRole[];

/** A path that a part of the gateway serves: exactly `path`, or everything below it when it ends in `/*`. */
export interface PathNeed {
  readonly path: string;
  readonly need: Need;
  /** Most bytes of the body of a changing request (POST, PUT, DELETE). Absent: the path is only read. */
  readonly bodyBytes?: number;
}

/** Whether a viewer may have what `need` asks. On a box without users, whoever stands at it may look at everything. */
export function isAllowed({ kind, roles }: Viewer, need: Need): boolean {
  if (need === 'anyone' || kind === 'open') return true;
  if (need === 'monitor') return true;
  if (kind !== 'session') return false;
  return need === 'people' || need.some((role) => roles.includes(role));
}
