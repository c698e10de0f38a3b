/** Trail entries other than `intake`, read beside the gateway from its buffer file. */
import Database from 'better-sqlite3';

type Body = Readonly<Record<string, unknown>>;

/** Entries of the audit trail of this kind, oldest first. */
export function entriesOf(bufferFile: string, kind: string): Body[] {
  const database = new Database(bufferFile, { readonly: true });
  try {
    const texts = database.prepare<[], string>('SELECT entry FROM trail_entry WHERE log = 0 ORDER BY i').pluck().all();
    return texts
      .map((text) => JSON.parse(text) as { k: string; r: Body })
      .filter((entry) => entry.k === kind)
      .map((entry) => entry.r);
  } finally {
    database.close();
  }
}
