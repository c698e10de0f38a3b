/** Holds what was unpacked against the manifest, and says in plain words what holds. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import type { Manifest } from '../../backup/manifest.ts';
import { bringUpToDate } from '../../buffer/copy.ts';
import { type CopyExamined, examineCopy } from '../../buffer/copy-examine.ts';
import { figuresOf } from '../../buffer/copy-figures.ts';
import { LOGS, verifyTrail } from '../../inspect/verify.ts';

export interface Finding {
  readonly ok: boolean;
  readonly what: string;
}

export interface Checked {
  readonly ok: boolean;
  readonly findings: readonly Finding[];
}

export interface CheckTask {
  readonly manifest: Pick<Manifest, 'buffer'>;
  /** The database that was unpacked. */
  readonly copy: string;
  /** Holds `audit` and `schedule_two` as far as the trail has segments. */
  readonly trailDir: string;
  /** Null: the sealed records are not read. */
  readonly boxKey: Uint8Array | null;
}

/** Reads everything. @throws CounterfoilError `buffer_damaged`, `key_missing` when the box key is another box's, `storage_io`. */
export function checkUnpacked(task: CheckTask): Checked {
  bringUpToDate(task.copy);
  const findings = [
    ...checkFigures(task),
    ...checkContent(task, examineCopy(task.copy, task.boxKey)),
    ...LOGS.map((log) => checkSegments(task, log)),
  ];
  return { ok: findings.every(({ ok }) => ok), findings };
}

function checkFigures({ manifest, copy }: CheckTask): Finding[] {
  const told = manifest.buffer;
  const found = inFormatOf(told, figuresOf(copy));
  const states = Object.entries(found.states).map(([state, count]) => `${count} ${state}`);
  const same = (names: readonly (keyof typeof told)[]) =>
    names.every((name) => isDeepStrictEqual(found[name], told[name]));
  return [
    {
      ok: same(['gateway_id', 'buffer_id', 'epoch', 'format', 'last_sequence']),
      what: `the buffer of gateway ${found.gateway_id}, epoch ${found.epoch}, up to record ${found.last_sequence}`,
    },
    {
      ok: same(['records', 'schedule_two', 'states', 'tables']),
      what: `${found.records} records, ${found.schedule_two} of Schedule II (${states.join(', ') || 'none'})`,
    },
    ...LOGS.map((log) => ({
      ok: isDeepStrictEqual(found.trails[log], told.trails[log]),
      what: `trail ${log} ends with entry ${found.trails[log].size - 1}, ${checkpointWords(found.trails[log].checkpoint)}`,
    })),
  ];
}

/** The figures of a copy that an older program made, without what its format did not have. */
function inFormatOf(told: Manifest['buffer'], found: Manifest['buffer']): Manifest['buffer'] {
  if (found.format === told.format) return found;
  const tables = Object.entries(found.tables).filter(([name]) => Object.hasOwn(told.tables, name));
  return { ...found, format: told.format, tables: Object.fromEntries(tables) };
}

function checkpointWords(note: string | null): string {
  const [origin, size] = note?.split('\n') ?? [];
  return origin === undefined ? 'without a checkpoint' : `newest checkpoint over ${size} entries (${origin})`;
}

function checkContent({ manifest }: CheckTask, { entries, payloads, damaged }: CopyExamined): Finding[] {
  const { trails, records } = manifest.buffer;
  const rows = LOGS.reduce((sum, log) => sum + trails[log].size - trails[log].stored, 0);
  const structure = {
    ok: entries === rows,
    what: `the database is whole; ${entries} trail entries in it continue each other`,
  };
  if (payloads === null)
    return [structure, { ok: true, what: 'the sealed records were not opened: their key is not here' }];
  const what =
    damaged.length === 0
      ? 'each with the hash fixed when it was taken'
      : `NOT those with number ${damaged.slice(0, 20).join(', ')}`;
  return [
    structure,
    { ok: damaged.length === 0 && payloads === records, what: `${payloads} sealed records opened, ${what}` },
  ];
}

function checkSegments({ manifest, trailDir }: CheckTask, log: (typeof LOGS)[number]): Finding {
  const { size, stored } = manifest.buffer.trails[log];
  if (stored === 0 && !existsSync(join(trailDir, log))) return { ok: true, what: `trail ${log} has no segments yet` };
  const verdict = verifyTrail({ directory: trailDir, log, key: null, witnesses: [] }).logs[log];
  const faults = verdict?.faults.map(({ message }) => message) ?? ['it cannot be read'];
  const ok =
    verdict !== undefined && verdict.faults_total === 0 && verdict.entries >= stored && verdict.entries <= size;
  const proven = verdict === undefined ? '' : `, ${verdict.checkpoints.proven} checkpoints proven`;
  const what = `trail ${log}: ${verdict?.entries ?? 0} entries in segments${proven}`;
  return { ok, what: faults.length === 0 ? what : `${what}; ${faults.join('; ')}` };
}
