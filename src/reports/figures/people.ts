/** What people did: looks at records, signed acts, training, settings. Their printed names stand where they signed. */
import type { Told } from './bodies.ts';
import type { Counter } from './counter.ts';

/** `[at_ms, who, what, how_many]`; `who` is null where nobody was named, and not proved where the trail says so. */
export type LookFigures = readonly [number, string | null, string, number | null];

/** `[at_ms, log, act_id, printed_name, step, meaning, subjects, key_id]` */
export type ActFigures = readonly [number, string, string, string, string, string, number, string];

export interface PeopleFigures {
  readonly looks: readonly LookFigures[];
  readonly acts: readonly ActFigures[];
  /** `[at_ms, lane, until_ms]` */
  readonly training: readonly (readonly [number, string, number | null])[];
  /** `[at_ms, what, detail]`: settings, updates, rosters, backups, new epochs. */
  readonly changes: readonly (readonly [number, string, string])[];
}

const NOBODY = '(nobody)';

export class People implements Counter {
  readonly #looks: LookFigures[] = [];
  readonly #acts: ActFigures[] = [];
  readonly #training: [number, string, number | null][] = [];
  readonly #changes: [number, string, string][] = [];
  /** Looks by the word that ties their two entries together: place in `#looks`. */
  readonly #begun = new Map<string, number>();
  /** An act stands in both trails when it is about both; it is counted once. */
  readonly #known = new Map<string, number>();

  see(entry: Told, isInWindow: boolean): void {
    if (!isInWindow) return;
    const { atMs } = entry;
    switch (entry.kind) {
      case 'access':
        this.#look(atMs, entry.body, entry.log);
        return;
      case 'review': {
        const { act, by, step, meaning, subjects, key_id: keyId } = entry.body;
        this.#act([atMs, entry.log, act, by, step, meaning, subjects.length, keyId]);
        return;
      }
      case 'expire':
        for (const { name, meaning, key_id: keyId } of entry.body.by) {
          this.#act([atMs, entry.log, entry.body.act, name, 'expire', meaning, entry.body.months.length, keyId]);
        }
        return;
      case 'epoch': {
        const { act, by, meaning, carried, key_id: keyId, epoch, reason } = entry.body;
        if (entry.log === 'audit')
          this.#changes.push([atMs, 'epoch', `${epoch} (${reason}), ${carried} records carried`]);
        if (act !== null)
          this.#act([atMs, entry.log, act, by ?? NOBODY, 'open_epoch', meaning ?? '', carried, keyId ?? '']);
        return;
      }
      case 'training':
        this.#training.push([atMs, entry.body.lane, entry.body.until_ms]);
        return;
      default:
        this.#change(entry);
    }
  }

  #look(atMs: number, body: Extract<Told, { kind: 'access' }>['body'], log: string): void {
    if (body.of !== 'records') {
      this.#looks.push([atMs, body.by, `review of ${body.of} ${body.number}`, 1]);
      return;
    }
    // A look among Schedule II stands in both trails.
    const key = body.look;
    const at = this.#begun.get(key);
    if (at === undefined) {
      this.#begun.set(key, this.#looks.length);
      const about = 'kinds' in body && body.kinds.length > 0 ? ` by ${body.kinds.join(', ')}` : '';
      this.#looks.push([atMs, body.by, `${body.way}${about}`, 'count' in body ? body.count : null]);
      return;
    }
    const look = this.#looks[at];
    if (look !== undefined && 'count' in body && log !== '') this.#looks[at] = [look[0], look[1], look[2], body.count];
  }

  #act(act: ActFigures): void {
    const key = `${act[2]} ${act[3]}`;
    const known = this.#known.get(key);
    if (known === undefined) {
      this.#known.set(key, this.#acts.length);
      this.#acts.push(act);
      return;
    }
    const before = this.#acts[known];
    // Of a review each trail tells its own subjects; an epoch or an expiry says the same in both.
    if (before !== undefined && before[1] !== act[1] && isReview(act[4])) {
      this.#acts[known] = [
        before[0],
        before[1],
        before[2],
        before[3],
        before[4],
        before[5],
        before[6] + act[6],
        before[7],
      ];
    }
  }

  #change(entry: Told): void {
    const { atMs } = entry;
    switch (entry.kind) {
      case 'configuration':
        this.#changes.push([atMs, 'configuration', entry.body.changed?.join(', ') ?? 'first start']);
        return;
      case 'update':
        this.#changes.push([atMs, 'update', `${entry.body.from} to ${entry.body.to}`]);
        return;
      case 'roster':
        this.#changes.push([atMs, 'roster', `${entry.body.people} people, ${entry.body.keys} keys`]);
        return;
      case 'backup':
        this.#changes.push([
          atMs,
          'backup',
          `${entry.body.records} records${entry.body.with_keys ? ', with keys' : ''}`,
        ]);
        return;
      case 'restored':
        if (entry.log === 'audit') this.#changes.push([atMs, 'restored', entry.body.signed ? 'signed' : 'unsigned']);
        return;
      default:
    }
  }

  end(): void {}

  figures(): PeopleFigures {
    return { looks: this.#looks, acts: this.#acts, training: this.#training, changes: this.#changes };
  }
}

const isReview = (step: string): boolean => ['release', 'dismiss', 'resolve'].includes(step);
