/** `counterfoil report run`: a report of any window, on demand, with or without a running gateway, with the WAN down. */
import { text as readText } from 'node:stream/consumers';
import { Command } from 'commander';
import { z } from 'zod';
import { systemClock } from '../../base/clock.ts';
import { findConfigFile, loadConfig } from '../../base/config/load.ts';
import { CounterfoilError } from '../../base/errors.ts';
import { openAlone } from '../../buffer/alone.ts';
import { callGateway } from '../../control/client.ts';
import { REPORT_KINDS, type ReportKind, type ReportWindow, type StoredReport } from '../../reports/api.ts';
import { dateOf, startOf } from '../../reports/figures/window.ts';
import { latestWindow } from '../../reports/schedule/windows.ts';
import { makeReport } from '../reports/make.ts';
import { registerFilter, registerLook } from '../reports/register-look.ts';
import { signerFor } from '../reports/signer.ts';
import { reportTask, taskOf } from '../reports/task.ts';
import { callerName } from './caller.ts';
import type { CommandIo } from './io.ts';
import type { Person } from './person.ts';
import { timeOf } from './trail-place.ts';

interface RunFlags {
  readonly config?: string;
  readonly from?: string;
  readonly to?: string;
  readonly offline?: boolean;
  readonly json?: boolean;
}

export function reportRun(io: CommandIo, person: Person): Command {
  return new Command('run')
    .description('make a report now; without --from and --to of the newest window of its kind that is over')
    .argument('<kind>', REPORT_KINDS.join(', '))
    .option('--config <file>', "the gateway's configuration file")
    .option('--from <time>', "begin of the window: a day in the store's time zone, or an RFC 3339 time")
    .option('--to <time>', 'end of the window: a day (with all of it), or an RFC 3339 time')
    .option('--offline', 'the gateway is stopped: a register is noted in the trail by this command itself')
    .option('--json', 'the manifest as JSON')
    .action(async (kind: string, flags: RunFlags) => {
      const config = loadConfig({ file: flags.config ?? findConfigFile(io.env), env: io.env });
      const known = kindNamed(kind);
      const window = windowOf(known, flags, config.gateway.timeZone);
      const { dataDir } = config;
      const isRunning = await begin(dataDir, known, window, flags.offline === true, io, person);
      const task = taskOf(config, known, window, null);
      const report = await makeReport(task, await signerFor(task));
      tell(report, flags, io);
      if (isRunning) await callGateway(dataDir, 'report.made', {}, z.object({}));
    });
}

/** Has the gateway write down what is about to be made; false when it does not run. */
async function begin(
  dataDir: string,
  kind: ReportKind,
  { fromUtcMs, toUtcMs }: ReportWindow,
  isOffline: boolean,
  io: CommandIo,
  person: Person,
): Promise<boolean> {
  const caller = callerName(io.env);
  const params = { kind, from_ms: fromUtcMs, to_ms: toUtcMs, caller };
  const isRegister = kind === 'schedule_two';
  if (!isOffline) {
    try {
      await callGateway(dataDir, 'report.begin', params, z.object({}));
      return true;
    } catch (error) {
      if (!(error instanceof CounterfoilError) || error.code !== 'gateway_unreachable') throw error;
      if (isRegister) {
        const hint = `${error.hint} Or, while it is stopped, add --offline: the trail must tell who had a register made.`;
        throw new CounterfoilError(error.code, error.message, hint, error);
      }
    }
  }
  person.tell('the gateway does not run: what it had not yet brought into the trail is not in this report\n');
  if (isRegister) noteRegister(dataDir, caller, fromUtcMs, toUtcMs);
  return false;
}

function noteRegister(dataDir: string, caller: string | null, fromMs: number, toMs: number): void {
  const buffer = openAlone(dataDir, systemClock);
  try {
    const body = registerLook(caller, buffer.filterHash(registerFilter(fromMs, toMs)));
    buffer.noteAccess('audit', body);
    buffer.noteAccess('schedule_two', body);
  } finally {
    buffer.close();
  }
}

/** Used by the gateway itself: the task comes in on standard input, the manifest goes out. */
export function reportMake(io: CommandIo): Command {
  return new Command('make').description('make the report of a task').action(async () => {
    const task = reportTask.parse(JSON.parse(await readText(process.stdin)));
    tell(await makeReport(task, await signerFor(task)), { json: true }, io);
  });
}

function tell({ manifest, folder }: StoredReport, { json }: RunFlags, io: CommandIo): void {
  const { unsigned } = manifest;
  if (unsigned !== null)
    process.stderr.write(`this report is not signed: ${unsigned.message}\nhint: ${unsigned.hint}\n`);
  if (json === true) io.write(`${JSON.stringify({ ...manifest, folder })}\n`);
  else {
    io.write(`${manifest.title}\n${folder}\n`);
    if (!manifest.trailHolds)
      io.write('THE AUDIT TRAIL DOES NOT HOLD: see the first page, and counterfoil trail verify.\n');
  }
}

function kindNamed(name: string): ReportKind {
  const found = REPORT_KINDS.find((kind) => kind === name);
  if (found !== undefined) return found;
  throw new CounterfoilError('usage', `there is no report "${name}"`, `Write one of ${REPORT_KINDS.join(', ')}.`);
}

/** @throws CounterfoilError `usage`. */
function windowOf(kind: ReportKind, { from, to }: RunFlags, timeZone: string): ReportWindow {
  if (from === undefined && to === undefined) return latestWindow(kind, systemClock.utcMs(), timeZone);
  if (from === undefined || to === undefined) {
    throw new CounterfoilError('usage', 'a window has two ends', 'Give both --from and --to, or neither.');
  }
  // What has not happened yet is no part of a window: nobody could tell it from a gateway that was down.
  const toUtcMs = Math.min(momentOf(to, true, timeZone), systemClock.utcMs());
  const window = { fromUtcMs: momentOf(from, false, timeZone), toUtcMs, timeZone };
  if (window.fromUtcMs < window.toUtcMs) return window;
  throw new CounterfoilError('usage', 'the window ends before it begins', 'Give --from before --to.');
}

/** A local day's beginning, or the end of it; else a moment. */
function momentOf(text: string, isEnd: boolean, timeZone: string): number {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(text)) return timeOf(text, isEnd);
  const day = dateOf(Date.parse(`${text}T12:00:00Z`), 'UTC');
  return startOf(isEnd ? day.add({ days: 1 }) : day, timeZone);
}
