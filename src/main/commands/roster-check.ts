/** `counterfoil roster check`: whether a roster can be used, and who may sign until when. */
import { toUtcText } from '../../base/clock.ts';
import { CounterfoilError } from '../../base/errors.ts';
import type { Roster } from '../../record/roster.ts';
import type { RosterKey } from '../../record/roster-entry.ts';
import { readRosterFile } from '../read-roster.ts';
import type { CommandIo } from './io.ts';

type KeyState = 'valid' | 'not yet valid' | 'ended' | 'revoked';

/** Lists the roster as it is at `nowMs`; throws as `readRosterFile`, with `--json` after saying it as JSON. */
export function checkRoster(file: string, asJson: boolean, io: CommandIo, nowMs: number): void {
  let roster: Roster;
  try {
    ({ roster } = readRosterFile(file));
  } catch (error) {
    if (!asJson || !(error instanceof CounterfoilError)) throw error;
    io.write(`${JSON.stringify({ valid: false, errors: error.message.split('\n'), hint: error.hint })}\n`);
    io.exitWith(error.exitCode);
    return;
  }
  io.write(
    asJson ? `${JSON.stringify({ valid: true, people: listed(roster, nowMs) })}\n` : inWords(file, roster, nowMs),
  );
}

function listed({ people }: Roster, nowMs: number) {
  return people.map(({ printedName, npi, roles, keys }) => ({
    name: printedName,
    npi,
    roles,
    keys: keys.map((key) => ({
      kid: key.kid,
      alg: key.alg,
      state: stateOf(key, nowMs),
      valid_from: toUtcText(key.validFromMs),
      valid_until: toUtcText(key.validUntilMs),
      revoked_at: key.revokedAtMs === null ? null : toUtcText(key.revokedAtMs),
      revoked_reason: key.revokedReason,
    })),
  }));
}

function inWords(file: string, { people }: Roster, nowMs: number): string {
  const keys = people.reduce((sum, person) => sum + person.keys.length, 0);
  const lines = people.flatMap(({ printedName, npi, roles, keys: own }) => [
    `${printedName}${npi === null ? '' : `, NPI ${npi}`}: ${roles.join(', ')}`,
    ...own.map((key) => `  ${key.kid} (${key.alg}) ${keyInWords(key, nowMs)}`),
  ]);
  return `${[`${file}: valid; people: ${people.length}, keys: ${keys}`, ...lines].join('\n')}\n`;
}

function keyInWords(key: RosterKey, nowMs: number): string {
  switch (stateOf(key, nowMs)) {
    case 'valid':
      return `may sign until ${toUtcText(endOf(key))}`;
    case 'not yet valid':
      return `may sign from ${toUtcText(key.validFromMs)} until ${toUtcText(endOf(key))}`;
    case 'ended':
      return `ended at ${toUtcText(key.validUntilMs)}`;
    case 'revoked':
      return `revoked at ${toUtcText(endOf(key))}: ${key.revokedReason}`;
  }
}

function stateOf(key: RosterKey, nowMs: number): KeyState {
  if (key.revokedAtMs !== null && nowMs >= key.revokedAtMs) return 'revoked';
  if (nowMs >= key.validUntilMs) return 'ended';
  return nowMs < key.validFromMs ? 'not yet valid' : 'valid';
}

/** A revocation may be written down before it bites. */
function endOf({ validUntilMs, revokedAtMs }: RosterKey): number {
  return Math.min(validUntilMs, revokedAtMs ?? validUntilMs);
}
