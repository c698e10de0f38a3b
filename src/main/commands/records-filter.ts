/** The conditions of a search on the command line. */
import type { Command } from 'commander';
import type { Filter, Span } from '../../archive/filter.ts';
import { CounterfoilError } from '../../base/errors.ts';
import { readInstant } from '../../record/instant.ts';
import type { LookupName } from '../../record/lookup.ts';
import { normaliseNdc, readingsOfTen } from '../../record/ndc.ts';
import { SCHEDULES, STATES } from '../../record/types.ts';

export interface FilterFlags {
  readonly prescriber?: readonly string[];
  readonly pharmacist?: readonly string[];
  readonly patient?: readonly string[];
  readonly ndc?: readonly string[];
  readonly key?: readonly string[];
  readonly prescription?: readonly string[];
  readonly lane?: readonly string[];
  readonly schedule?: readonly string[];
  readonly state?: readonly string[];
  readonly from?: string;
  readonly to?: string;
  readonly dispensedFrom?: string;
  readonly dispensedTo?: string;
}

const collect = (text: string, before: readonly string[] = []): readonly string[] => [...before, text];

export function withFilter(command: Command): Command {
  return command
    .option('--prescriber <number>', "the prescriber's DEA number (or NPI, where tills send it)", collect)
    .option('--pharmacist <npi>', "the pharmacist's NPI", collect)
    .option('--patient <token>', "the patient's token, as the till sends it", collect)
    .option('--ndc <code>', 'the drug, with or without hyphens', collect)
    .option('--key <key>', 'the idempotency key of a record', collect)
    .option('--prescription <id>', 'the prescription', collect)
    .option('--lane <name>', 'the lane that sent it', collect)
    .option('--schedule <schedule>', SCHEDULES.join(', '), collect)
    .option('--state <state>', 'PENDING, SYNCED, …', collect)
    .option('--from <time>', 'received from then on: a date (UTC) or an RFC 3339 time')
    .option('--to <time>', 'received until then; a date is meant to its end')
    .option('--dispensed-from <time>', "the same by the till's own time of dispensing")
    .option('--dispensed-to <time>', '');
}

/** Throws `usage` with what to write instead. */
export function filterOf(flags: FilterFlags): Filter {
  const values: Partial<Record<LookupName, readonly string[]>> = {};
  for (const name of ['prescriber', 'pharmacist', 'patient', 'key', 'prescription'] as const) {
    const given = flags[name];
    if (given !== undefined) values[name] = given;
  }
  if (flags.ndc !== undefined) values.ndc = flags.ndc.flatMap(ndcForms);
  return {
    values,
    lanes: flags.lane ?? [],
    schedules: known(flags.schedule, SCHEDULES, 'schedule'),
    states: known(flags.state, STATES, 'state'),
    received: span(flags.from, flags.to),
    dispensed: span(flags.dispensedFrom, flags.dispensedTo),
  };
}

/** As it may be stored: eleven digits; ten digits have three readings, and a till's own text may have stayed as sent. */
function ndcForms(text: string): string[] {
  const readings = /^[0-9]{10}$/.test(text) ? readingsOfTen(text) : [normaliseNdc(text, null).ndc];
  return [...new Set([text, ...readings])];
}

function known(given: readonly string[] | undefined, list: readonly string[], what: string): string[] {
  return (given ?? []).map((text) => {
    const found = list.find((each) => each === text.toUpperCase());
    if (found === undefined)
      throw new CounterfoilError('usage', `there is no such ${what}`, `Write ${list.join(', ')}.`);
    return found;
  });
}

const DAY_MS = 24 * 3600 * 1000;

function span(from: string | undefined, to: string | undefined): Span | null {
  if (from === undefined && to === undefined) return null;
  return {
    fromMs: from === undefined ? 0 : moment(from, 0),
    toMs: to === undefined ? Number.MAX_SAFE_INTEGER : moment(to, DAY_MS),
  };
}

/** A date is its first moment, `dayMs` later for the end of it. */
function moment(text: string, dayMs: number): number {
  const isDate = /^[0-9]{4}-[0-9]{2}-[0-9]{2}$/.test(text);
  const found = readInstant(isDate ? `${text}T00:00:00Z` : text);
  if (found !== null) return found.utcMs + (isDate ? dayMs : 0);
  throw new CounterfoilError(
    'usage',
    `"${text}" is no time`,
    'Write a date such as 2026-11-30, or 2026-11-30T08:00:00Z.',
  );
}
