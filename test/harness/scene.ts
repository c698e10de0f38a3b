/** What one test has started and made; closing the scene undoes all of it, last things first. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export class Scene {
  readonly #undo: (() => Promise<unknown> | unknown)[] = [];

  /** Registers how to undo something. */
  onClose(undo: () => Promise<unknown> | unknown): void {
    this.#undo.push(undo);
  }

  /** A fresh folder that goes with the scene. */
  folder(): string {
    const folder = mkdtempSync(join(tmpdir(), 'counterfoil-test-'));
    this.onClose(() => rmSync(folder, { recursive: true, force: true }));
    return folder;
  }

  /** Undoes everything even when a part fails, then reports the first failure. */
  async close(): Promise<void> {
    const failures: unknown[] = [];
    for (const undo of this.#undo.splice(0).reverse()) {
      try {
        await undo();
      } catch (error) {
        failures.push(error);
      }
    }
    if (failures.length > 0) throw failures[0];
  }
}
