/**
 * A ring of rows in one file of fixed size. A row's place is its period modulo the number of places, so there is no head to
 * keep: writing one is one write of 64 bytes, and reading asks only whether the row there is of the period wanted.
 *
 * Nothing is fsynced: if the power goes, the rows of the last half minute are gone, or one is torn and reads as none. No
 * record depends on any of it. The whole file is written with zeros once, so that a full disk later does not stop it.
 */
import { type FileHandle, open } from 'node:fs/promises';
import { ROW_BYTES, type Row, readRow, writeRow } from './row.ts';

export interface RingShape {
  readonly periodMs: number;
  readonly places: number;
}

export class Ring {
  readonly shape: RingShape;
  readonly #image: Buffer;
  #file: FileHandle | null = null;

  constructor(shape: RingShape) {
    this.shape = shape;
    this.#image = Buffer.alloc(shape.places * ROW_BYTES);
  }

  /** Reads what there is and keeps the file open; without it the ring still works, in memory. Rejects with what the file system says. */
  async open(path: string): Promise<void> {
    // Makes the file when it is not there, and never cuts one that is.
    const file = await open(path, 'r+').catch(() => open(path, 'wx+', 0o600));
    try {
      const { bytesRead } = await file.read(this.#image, 0, this.#image.length, 0);
      const missing = this.#image.length - bytesRead;
      if (missing > 0) await file.write(Buffer.alloc(missing), 0, missing, bytesRead);
    } catch (error) {
      await file.close();
      throw error;
    }
    this.#file = file;
  }

  /** Takes a row in; resolves when the file system has it. */
  async put(row: Row): Promise<void> {
    const offset = this.#offsetOf(row.period);
    writeRow(this.#image, offset, row);
    await this.#file?.write(this.#image, offset, ROW_BYTES, offset);
  }

  /** The row of a period; null when there was none, or it is long gone. */
  get(period: number): Row | null {
    const row = readRow(this.#image, this.#offsetOf(period));
    return row?.period === period ? row : null;
  }

  async close(): Promise<void> {
    const file = this.#file;
    this.#file = null;
    await file?.close();
  }

  #offsetOf(period: number): number {
    return (period % this.shape.places) * ROW_BYTES;
  }
}
