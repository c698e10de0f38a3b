/**
 * Writing down what an answer proved, behind the request that is already under way: the line does not wait for the disk.
 * At most one answer is behind. If writing fails, the next one who asks is told, and the stream starts again at its
 * oldest pending record: what was not written is sent again, and the PMS says `duplicate`. If the power goes, the same.
 */
export class Booking {
  #running: Promise<void> = Promise.resolve();

  /** Waits for the answer before to be on disk, then starts `job` and returns. Rejects when the one before failed. */
  async begin(job: () => Promise<void>): Promise<void> {
    await this.settled();
    this.#running = job();
    // Told to whoever asks next; until then it is nobody's unhandled rejection.
    this.#running.catch(() => undefined);
  }

  /** Resolves when everything begun is on disk. Rejects, once, when it could not be written. */
  async settled(): Promise<void> {
    const running = this.#running;
    try {
      await running;
    } finally {
      if (this.#running === running) this.#running = Promise.resolve();
    }
  }
}
