/**
 * A search or an export: first the entry in the trail, then the look, then how much was shown. The records are read here,
 * beside the gateway, so a long export is in nobody's way; the entries are the running gateway's, or with --offline this
 * command's own, which then holds the buffer's lock so that no gateway can start meanwhile.
 */
import { randomBytes } from 'node:crypto';
import { closeSync, fsyncSync, openSync, writeSync } from 'node:fs';
import { z } from 'zod';
import { type Filter, filterText, kindsOf } from '../../archive/filter.ts';
import { newTally, type SearchTally, search } from '../../archive/search.ts';
import { csvTable, jsonTable, type Table } from '../../archive/table.ts';
import { systemClock } from '../../base/clock.ts';
import { CounterfoilError, EXIT, messageOf } from '../../base/errors.ts';
import { type BufferAlone, openAlone } from '../../buffer/alone.ts';
import type { RecordSource } from '../../buffer/api.ts';
import { openRecords } from '../../buffer/read-records.ts';
import { callGateway } from '../../control/client.ts';
import { beginBody, endBody } from '../../control/records/bodies.ts';
import { beginResult, type LookWay } from '../../control/records/words.ts';
import { callerName } from './caller.ts';
import type { CommandIo } from './io.ts';
import type { Person } from './person.ts';

export interface LookPlace {
  readonly dataDir: string;
  readonly archiveDir: string;
}

export interface LookFlags {
  readonly format?: 'csv' | 'json';
  readonly json?: true;
  readonly output?: string;
  readonly offline?: true;
  readonly limit?: number;
}

/** Does it; exit code 1 when something could not be read. Throws `gateway_unreachable` without gateway and --offline. */
export async function look(
  way: LookWay,
  place: LookPlace,
  filter: Filter,
  flags: LookFlags,
  io: CommandIo,
  person: Person,
): Promise<void> {
  const witness = await beginLook(way, place.dataDir, filter, flags, io, person);
  try {
    const source = openRecords(place.dataDir, place.archiveDir);
    const tally = newTally();
    try {
      write(way, source, filter, flags, io, person, tally);
    } finally {
      source.close();
      await witness.end(tally.found);
    }
    tell(tally, flags, io, person);
  } finally {
    witness.close();
  }
}

/** Writes down that somebody looks, and later how much they were shown. */
interface Witness {
  end(count: number): Promise<void>;
  close(): void;
}

async function beginLook(
  way: LookWay,
  dataDir: string,
  filter: Filter,
  flags: LookFlags,
  io: CommandIo,
  person: Person,
): Promise<Witness> {
  const about = { caller: callerName(io.env), way, schedule_two: mayShowTwo(filter) };
  const kinds = kindsOf(filter);
  if (flags.offline === true) return alone(dataDir, about, kinds, filterText(filter), person);
  const params = { ...about, kinds, filter: filterText(filter) };
  const { look } = await reached(callGateway(dataDir, 'records.begin', params, beginResult));
  return {
    end: async (count) => void (await callGateway(dataDir, 'records.end', { ...about, look, count }, z.object({}))),
    close() {},
  };
}

async function reached<T>(answer: Promise<T>): Promise<T> {
  try {
    return await answer;
  } catch (error) {
    if (!(error instanceof CounterfoilError) || error.code !== 'gateway_unreachable') throw error;
    const hint = `${error.hint} Or, while it is stopped, add --offline: the look is then written into the trail at once by this command.`;
    throw new CounterfoilError(error.code, error.message, hint, error);
  }
}

function alone(
  dataDir: string,
  about: { caller: string | null; way: LookWay; schedule_two: boolean },
  kinds: readonly string[],
  filter: string,
  person: Person,
): Witness {
  const buffer: BufferAlone = openAlone(dataDir, systemClock);
  const look = randomBytes(8).toString('hex');
  const note = (body: ReturnType<typeof endBody>) => {
    buffer.noteAccess('audit', body);
    if (about.schedule_two) buffer.noteAccess('schedule_two', body);
  };
  note(beginBody({ ...about, look, kinds }, buffer.filterHash(filter)));
  person.tell('the gateway is stopped: this look has been written into the trail by this command itself\n');
  return { end: async (count) => note(endBody({ ...about, look }, count)), close: () => buffer.close() };
}

const mayShowTwo = ({ schedules }: Filter): boolean => schedules.length === 0 || schedules.includes('II');

/** Records between two words of progress. */
const PROGRESS_EVERY = 2000;
const PROGRESS_AFTER_MS = 2000;
/** Text is handed on in pieces of about this many characters. */
const CHUNK = 64 * 1024;

function write(
  way: LookWay,
  source: RecordSource,
  filter: Filter,
  flags: LookFlags,
  io: CommandIo,
  person: Person,
  tally: SearchTally,
): void {
  const isJson = flags.json === true || flags.format === 'json';
  const table: Table = (isJson ? jsonTable : csvTable)(way, source.gatewayId);
  const sink = flags.output === undefined ? standardOutput(io) : newFile(flags.output);
  const progress = progressBy(person, tally);
  try {
    let text = table.open;
    for (const found of search(source, filter, tally)) {
      text += (tally.found > 1 ? table.between : '') + table.row(found);
      if (text.length >= CHUNK) {
        sink.write(text);
        text = '';
      }
      progress();
      if (tally.found === flags.limit) break;
    }
    sink.write(text + table.close);
    sink.finish();
  } finally {
    sink.close();
  }
}

function progressBy(person: Person, tally: SearchTally): () => void {
  const started = systemClock.monotonicMs();
  let told = 0;
  return () => {
    if (tally.looked - told < PROGRESS_EVERY || systemClock.monotonicMs() - started < PROGRESS_AFTER_MS) return;
    told = tally.looked;
    person.tell(`${tally.looked} records looked through, ${tally.found} found\n`);
  };
}

interface Sink {
  write(text: string): void;
  finish(): void;
  close(): void;
}

function standardOutput(io: CommandIo): Sink {
  return { write: (text) => io.write(text), finish() {}, close() {} };
}

/** A file of its own, for this user only; never over one that is there. */
function newFile(path: string): Sink {
  let fd: number;
  try {
    fd = openSync(path, 'wx', 0o600);
  } catch (error) {
    const hint = 'Name a file that does not exist yet, in a folder this user may write to.';
    throw new CounterfoilError('usage', `${path} cannot be made: ${messageOf(error)}`, hint, error);
  }
  return {
    write: (text) => void writeSync(fd, text),
    finish: () => fsyncSync(fd),
    close: () => closeSync(fd),
  };
}

function tell(tally: SearchTally, flags: LookFlags, io: CommandIo, person: Person): void {
  const cut = tally.found === flags.limit ? '; there may be more, see --limit' : '';
  person.tell(
    `${tally.found} records found, ${tally.looked} looked through; ${tally.framesPassed} of ${tally.framesPassed + tally.framesOpened} frames of the archive passed over${cut}\n`,
  );
  if (tally.unreadable.size === 0) return;
  person.tell(`NOT COMPLETE: missing or altered: ${[...tally.unreadable].join(', ')}\n`);
  io.exitWith(EXIT.failure);
}
