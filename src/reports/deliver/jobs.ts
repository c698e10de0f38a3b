/**
 * What has to be brought where: one small file for each report and target, `{report}.{target}.json`. It is written whole
 * beside its place and renamed, so after a power cut there is the state before or the state after, never half of one.
 *
 * The files are the only state: whatever is said to be delivered, or waiting, is what they say.
 */

import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { replaceDurably, syncDirectory } from '../../base/durable.ts';
import { CounterfoilError, messageOf } from '../../base/errors.ts';

const NAME = /^[a-z0-9_-]{1,64}\.[a-z][a-z0-9-]{0,39}\.json$/;

const jobForm = z.strictObject({
  v: z.literal(1),
  report: z.string(),
  target: z.string(),
  queued_ms: z.number(),
  attempts: z.int().min(0),
  /** Code of the latest failure; null when it was not tried yet, or has succeeded. */
  fault: z.string().nullable(),
  /** Since when it has failed with that code. */
  fault_ms: z.number().nullable(),
  /** Steps of the delivery that are done. */
  steps: z.array(z.string()),
  delivered_ms: z.number().nullable(),
});
export type Job = z.infer<typeof jobForm>;

export class Jobs {
  readonly #folder: string;
  readonly #jobs = new Map<string, Job>();

  /** Reads what is there. A file that cannot be read keeps nobody from the others; `unreadable` names it. */
  constructor(folder: string, unreadable: (name: string) => void) {
    this.#folder = folder;
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    for (const name of readdirSync(folder)) {
      if (name.endsWith('.new')) rmSync(join(folder, name), { force: true });
      else if (NAME.test(name)) this.#read(name, unreadable);
    }
  }

  get(report: string, target: string): Job | null {
    return this.#jobs.get(nameOf(report, target)) ?? null;
  }

  /** By the time they were queued, then by name. */
  all(): readonly Job[] {
    return [...this.#jobs.entries()]
      .sort(([a, one], [b, other]) => one.queued_ms - other.queued_ms || (a < b ? -1 : 1))
      .map(([, job]) => job);
  }

  /** Durable once it returns. Throws `storage_io`; then the file is as it was. */
  put(job: Job): void {
    const name = nameOf(job.report, job.target);
    const path = join(this.#folder, name);
    try {
      replaceDurably(path, `${JSON.stringify(job)}\n`);
    } catch (error) {
      throw cannotKeep(error);
    }
    this.#jobs.set(name, job);
  }

  /** Takes it out, whatever its state. */
  remove({ report, target }: Job): void {
    const name = nameOf(report, target);
    try {
      rmSync(join(this.#folder, name), { force: true });
      syncDirectory(this.#folder);
    } catch (error) {
      throw cannotKeep(error);
    }
    this.#jobs.delete(name);
  }

  #read(name: string, unreadable: (name: string) => void): void {
    try {
      const job = jobForm.parse(JSON.parse(readFileSync(join(this.#folder, name), 'utf8')));
      if (nameOf(job.report, job.target) === name) this.#jobs.set(name, job);
      else unreadable(name);
    } catch {
      unreadable(name);
    }
  }
}

/** The jobs in a folder, for looking at them while the gateway is stopped or running. */
export function readJobs(folder: string): readonly Job[] {
  return existsSync(folder) ? new JobsAsTheyAre(folder).all() : [];
}

/** Only reads: a `.new` file may be the running gateway's. */
class JobsAsTheyAre {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  all(): readonly Job[] {
    return readdirSync(this.#folder)
      .filter((name) => NAME.test(name))
      .map((name) => jobForm.safeParse(parsed(join(this.#folder, name))))
      .filter((read) => read.success)
      .map(({ data }) => data)
      .sort((one, other) => one.queued_ms - other.queued_ms);
  }
}

function parsed(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch {
    return null;
  }
}

const nameOf = (report: string, target: string): string => `${report}.${target}.json`;

function cannotKeep(error: unknown): CounterfoilError {
  return new CounterfoilError(
    'storage_io',
    `the outbox of reports cannot be written: ${messageOf(error)}`,
    'Check that the data directory can be written to and has space.',
    error,
  );
}
