/** Lanes and till installations by number, as the rows name them; new ones are added inside the caller's transaction. */
import type { Statements } from './statements.ts';

interface Instance {
  readonly instance: number;
  lastSequence: number;
}

export class Names {
  readonly #sql: Statements;
  readonly #lanes = new Map<string, number>();
  readonly #laneNames = new Map<number, string>();
  readonly #instances = new Map<string, Instance>();
  readonly #instancesById = new Map<number, Instance>();

  constructor(sql: Statements) {
    this.#sql = sql;
  }

  load(): void {
    for (const { lane, name } of this.#sql.lanes.all()) this.#keepLane(name, lane);
    for (const row of this.#sql.instances.all())
      this.#keepInstance(`${row.lane}/${row.name}`, row.instance, row.last_sequence);
  }

  /** Forgets everything: after a rollback, names added in it must be looked up again. */
  reload(): void {
    this.#lanes.clear();
    this.#laneNames.clear();
    this.#instances.clear();
    this.#instancesById.clear();
    this.load();
  }

  laneName(lane: number): string {
    const name = this.#laneNames.get(lane);
    if (name === undefined) throw new Error(`lane ${lane} has no name in the buffer`);
    return name;
  }

  lane(name: string): number {
    const known = this.#lanes.get(name);
    if (known !== undefined) return known;
    const lane = this.#sql.findLane.get(name)?.lane ?? Number(this.#sql.addLane.run(name).lastInsertRowid);
    this.#keepLane(name, lane);
    return lane;
  }

  instance(lane: number, name: string): number {
    const known = this.#instances.get(`${lane}/${name}`);
    if (known !== undefined) return known.instance;
    const instance = Number(this.#sql.addInstance.run(lane, name).lastInsertRowid);
    this.#keepInstance(`${lane}/${name}`, instance, 0);
    return instance;
  }

  /** Notes a lane's own number; true when numbers before it were never seen (a late, smaller one is no gap). */
  leavesGap(instance: number, laneSequence: number): boolean {
    const known = this.#instancesById.get(instance);
    if (known === undefined) return false;
    const gap = laneSequence > known.lastSequence + 1 && known.lastSequence > 0;
    known.lastSequence = Math.max(known.lastSequence, laneSequence);
    return gap;
  }

  /** Writes the last numbers down; called with the index merge. */
  persist(): void {
    for (const { instance, lastSequence } of this.#instancesById.values())
      this.#sql.setInstanceLast.run(lastSequence, instance);
  }

  #keepLane(name: string, lane: number): void {
    this.#lanes.set(name, lane);
    this.#laneNames.set(lane, name);
  }

  #keepInstance(id: string, instance: number, lastSequence: number): void {
    const kept = { instance, lastSequence };
    this.#instances.set(id, kept);
    this.#instancesById.set(instance, kept);
  }
}
