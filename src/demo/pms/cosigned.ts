/** The witness's part of the PMS's books: what it has cosigned, whose signatures count, and its own key. */
import { createPrivateKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import type Database from 'better-sqlite3';

/** The newest checkpoint of an origin that was cosigned. */
export interface CosignedHead {
  readonly size: number;
  readonly root: Buffer;
  /** As the gateway had signed it. */
  readonly note: string;
}

/** Whose trail is meant, across epochs. */
export interface LogName {
  readonly gatewayId: string;
  readonly log: string;
}

export class CosignedBook {
  readonly #database: Database.Database;

  constructor(database: Database.Database) {
    this.#database = database;
  }

  newest(origin: string): CosignedHead | null {
    const sql = 'SELECT size, root, note FROM cosigned WHERE origin = ?';
    return this.#database.prepare<[string], CosignedHead>(sql).get(origin) ?? null;
  }

  keep(origin: string, { size, root, note }: CosignedHead, nowUtc: string): void {
    const sql = `INSERT INTO cosigned (origin, size, root, note, cosigned_at_utc) VALUES (?, ?, ?, ?, ?)
      ON CONFLICT DO UPDATE SET size = excluded.size, root = excluded.root, note = excluded.note,
      cosigned_at_utc = excluded.cosigned_at_utc`;
    this.#database.prepare(sql).run(origin, size, root, note, nowUtc);
  }

  /** The 32 bytes of the pinned public key; null when none is. */
  pinned({ gatewayId, log }: LogName): Buffer | null {
    const sql = 'SELECT public_key FROM log_keys WHERE gateway_id = ? AND log = ?';
    return this.#database.prepare<[string, string], Buffer>(sql).pluck().get(gatewayId, log) ?? null;
  }

  pin({ gatewayId, log }: LogName, publicKey: Buffer, nowUtc: string): void {
    const sql = 'INSERT INTO log_keys (gateway_id, log, public_key, first_seen_utc) VALUES (?, ?, ?, ?)';
    this.#database.prepare(sql).run(gatewayId, log, publicKey, nowUtc);
  }

  /** Everything but the own key. */
  forget(): void {
    this.#database.exec('DELETE FROM cosigned; DELETE FROM log_keys');
  }

  /** This PMS's own Ed25519 key, made at the first call. */
  ownKey(): KeyObject {
    const read = this.#database.prepare<[], string>('SELECT private_key FROM cosigner').pluck();
    const make = () => {
      const pem = generateKeyPairSync('ed25519').privateKey.export({ format: 'pem', type: 'pkcs8' }).toString();
      this.#database.prepare('INSERT INTO cosigner (only_row, private_key) VALUES (1, ?)').run(pem);
      return pem;
    };
    return createPrivateKey(this.#database.transaction(() => read.get() ?? make()).immediate());
  }
}
