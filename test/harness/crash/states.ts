/**
 * Lays out what a disk may hold after a power cut, from the log of a recorded run. The model (docs/crash-testing.md):
 * a change covered by a finished, successful sync is there; every other change may be there, may be missing, or may have
 * arrived in part, torn at a sector of 512 or a page of 4096 bytes; a grown file may have its new size and zeroes.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Random } from '../../../src/base/clock.ts';
import { DiskModel } from './disk-model.ts';
import type { Change, Fate } from './file-model.ts';
import type { LogEvent } from './log.ts';
import { type PlannedState, type PlanOptions, planStates } from './plan.ts';
import { below, pick } from './random.ts';

export interface CrashState {
  /** Number of events that had happened when the power went. */
  readonly cut: number;
  /** What is special about it, for the report. */
  readonly label: string;
  /** Content by path relative to the root. Valid until the next state is asked for. */
  readonly files: ReadonlyMap<string, Buffer>;
  readonly directories: ReadonlySet<string>;
}

const SECTOR_BYTES = 512;
const PAGE_BYTES = 4096;
const SHM_BYTES = 32_768;
const STALE_SHM_SHARE = 0.1;

/** A tear of `change` at a sector or page boundary of the file, as often head as tail; null when it lies in one sector. */
function tearOf(change: Change, random: Random): Fate | null {
  if (change.data === null) return null;
  const unit = random() < 0.5 ? PAGE_BYTES : SECTOR_BYTES;
  for (const bytes of [unit, SECTOR_BYTES]) {
    const first = Math.floor(change.offset / bytes) + 1;
    const last = Math.ceil((change.offset + change.data.length) / bytes) - 1;
    if (last < first) continue;
    const boundary = (first + below(random, last - first + 1)) * bytes;
    const head = boundary - change.offset;
    return random() < 0.5 ? { head } : { tail: change.data.length - head };
  }
  return null;
}

function chanceFate(change: Change, random: Random): Fate {
  const throwOf = random();
  if (throwOf < 0.45) return 'applied';
  if (throwOf < 0.85) return 'missing';
  if (throwOf < 0.9) return 'zeroed';
  return tearOf(change, random) ?? pick<Fate>(random, ['applied', 'missing']);
}

/** How each undecided change of a planned state ends, and how many undecided names are kept. */
function decide(planned: PlannedState, changes: readonly Change[], random: Random): (change: Change) => Fate {
  const chosen = changes[planned.pick];
  const others = (rest: Fate, one: Fate) => (change: Change) => (change === chosen ? one : rest);
  switch (planned.kind) {
    case 'all':
    case 'names':
      return () => 'applied';
    case 'synced':
      return () => 'missing';
    case 'missing':
      return others('applied', random() < 0.8 ? 'missing' : 'zeroed');
    case 'only':
      return others('missing', 'applied');
    case 'torn':
      return others('applied', (chosen && tearOf(chosen, random)) ?? 'zeroed');
    case 'subset': {
      const fates = new Map(changes.map((change) => [change, chanceFate(change, random)]));
      return (change) => fates.get(change) ?? 'missing';
    }
  }
}

function namesKept(planned: PlannedState, undecided: number, random: Random): number {
  if (planned.kind === 'names') return planned.pick;
  if (planned.kind === 'synced') return 0;
  return planned.kind === 'subset' ? below(random, undecided + 1) : undecided;
}

/** SQLite's -shm is written by mapped stores and never synced: after a cut it may be there with anything in it. */
function addStaleShm(files: Map<string, Buffer>, random: Random): string {
  const wal = [...files.keys()].find((path) => path.endsWith('-wal'));
  if (wal === undefined || random() >= STALE_SHM_SHARE) return '';
  const words = Uint32Array.from({ length: SHM_BYTES / 4 }, () => Math.floor(random() * 2 ** 32));
  files.set(wal.replace(/-wal$/, '-shm'), Buffer.from(words.buffer));
  return ', stale -shm';
}

function stateAt(disk: DiskModel, planned: PlannedState, random: Random): CrashState {
  const kept = namesKept(planned, disk.undecidedNames(), random);
  const now = disk.namesAfter(Number.POSITIVE_INFINITY);
  const changes = [...now.files.values()].flatMap((file) => file.undecided());
  const fateOf = decide(planned, changes, random);
  const names = disk.namesAfter(kept);
  const files = new Map([...names.files].map(([path, file]) => [path, file.contentWith(fateOf)]));
  const stale = addStaleShm(files, random);
  const label = `${planned.kind}#${planned.pick} at event ${planned.cut}, ${changes.length} changes undecided${stale}`;
  return { cut: planned.cut, label, files, directories: names.directories };
}

/** Crash states of a recorded run, in order of time; the sample depends on `options.random` only. */
export function* crashStates(events: readonly LogEvent[], options: PlanOptions): Generator<CrashState> {
  const disk = new DiskModel(options.root, options.rule, options.initial);
  let happened = 0;
  for (const planned of planStates(events, options)) {
    while (happened < planned.cut) disk.apply(events[happened++] as LogEvent);
    yield stateAt(disk, planned, options.random);
  }
}

/** Writes a state into the empty directory `folder`, with the modes the gateway itself uses. */
export function layOut(state: CrashState, folder: string): void {
  for (const path of [...state.directories].sort()) mkdirSync(join(folder, path), { recursive: true, mode: 0o700 });
  for (const [path, content] of state.files) {
    mkdirSync(dirname(join(folder, path)), { recursive: true, mode: 0o700 });
    writeFileSync(join(folder, path), content, { mode: 0o600 });
  }
}
