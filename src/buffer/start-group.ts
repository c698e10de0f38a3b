/**
 * The gateway's starts and ends, inside the writer's transaction. A start compares itself with the one before: had that one
 * a clean end, was the machine started since, is it another program or another configuration? If the power goes before
 * COMMIT, the next start compares itself with the same one.
 */
import type { GatewayStart, TrailPlace } from './api.ts';
import { copyHeads, type Heads, type Moment, type Session, storeEntry } from './session.ts';

const AUDIT = 0;

export class StartGroup {
  readonly #session: Session;
  readonly #moment: Moment;
  readonly heads: Heads;

  constructor(session: Session, moment: Moment) {
    this.#session = session;
    this.#moment = moment;
    this.heads = copyHeads(session.ledger);
  }

  /** Writes what differs from the start before, then the `start` entry; gives that one's place. */
  start(start: GatewayStart): TrailPlace {
    const { sql, boot, bootId } = this.#session;
    const before = sql.gatewayStart.get();
    const sameBoot = before?.boot_id === bootId;
    const store = this.#store;
    if (before?.ended === 0) store('unclean_end', { same_boot: sameBoot, start: before.trail_index });
    if (!sameBoot) store('boot', { previous: before?.boot_id ?? null });
    if (before !== undefined && before.version !== start.version) {
      store('update', { from: before.version, to: start.version });
    }
    if (before?.configuration !== start.configuration) {
      const changed = before === undefined ? null : changedNames(JSON.parse(before.settings), start.settings);
      store('configuration', { changed, hash: start.configuration });
    }
    const ended = before === undefined ? 'unknown' : before.ended === 1 ? 'clean' : 'unclean';
    const place = store('start', { ended, version: start.version });
    const { version, configuration, settings } = start;
    sql.setGatewayStart.run(place.index, boot, version, configuration, JSON.stringify(settings));
    return place;
  }

  /** The clean end. */
  stop(): TrailPlace {
    this.#session.sql.setGatewayEnd.run();
    return this.#store('stop', {});
  }

  readonly #store = <K extends Parameters<typeof storeEntry>[4]>(
    kind: K,
    body: Parameters<typeof storeEntry<K>>[5],
  ): TrailPlace => storeEntry(this.#session, this.heads, AUDIT, this.#moment, kind, body);
}

/** Settings that are not the same in both, by name. */
function changedNames(before: Readonly<Record<string, string>>, now: Readonly<Record<string, string>>): string[] {
  const names = new Set([...Object.keys(before), ...Object.keys(now)]);
  return [...names].filter((name) => before[name] !== now[name]).sort();
}
