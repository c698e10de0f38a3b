/**
 * The store's roster: who may sign, in which role, with which keys, from when until when. A YAML (or JSON) file that a
 * person keeps; a roster with a mistake is refused as a whole, because half of one could let the wrong key pass. Pure:
 * reading the file and deciding when to read it again is the caller's.
 */
import { z } from 'zod';
import { explainIssues } from '../base/config/explain.ts';
import type { KeySchema } from '../base/config/json-schema.ts';
import { Report } from '../base/config/report.ts';
import type { Problem } from '../base/config/rules.ts';
import { parseSource } from '../base/config/source.ts';
import { Findings, type RosterKey, type RosterPerson, readPerson } from './roster-entry.ts';
import { type Role, rosterSchema } from './roster-schema.ts';

/** Why a key may not sign. Words for programs; no person's name in them. */
export type SignerFault = 'unknown_key' | 'wrong_role' | 'not_yet_valid' | 'expired' | 'revoked';

export type SignerAnswer =
  | { readonly ok: true; readonly person: RosterPerson; readonly key: RosterKey }
  | { readonly ok: false; readonly fault: SignerFault };

/** Immutable; a new file makes a new roster. */
export interface Roster {
  /** In the order of the file. */
  readonly people: readonly RosterPerson[];
  /** Whose key this is, whatever its dates; null when it is nobody's. */
  find(kid: string): { readonly person: RosterPerson; readonly key: RosterKey } | null;
  /**
   * Whether the key may sign in this role at every one of these moments (ms since 1970-01-01T00:00:00Z), and who holds
   * it. Role null: in any.
   */
  signer(kid: string, role: Role | null, atMs: readonly number[]): SignerAnswer;
}

const HINT = 'correct these lines; "counterfoil roster check FILE" checks again';

/**
 * Reads a roster.
 * @param file its name, for the error
 * @throws CounterfoilError `config_invalid` with every problem on a line, `file:line:column: key: what is wrong and what
 *   to write`.
 */
export function readRoster(text: string, file: string): Roster {
  const source = parseSource(text);
  const report = new Report(file, source, []);
  for (const { offset, message } of source.syntax) report.addSyntax(offset, message);
  if (source.syntax.length > 0) throw report.toError(HINT);
  const checked = rosterSchema.safeParse(source.value);
  if (!checked.success) {
    const schema = z.toJSONSchema(rosterSchema) as KeySchema;
    const problems = explainIssues(checked.error.issues, source.value, schema, (path) => report.written(path));
    for (const problem of problems) report.add(withoutKeyText(problem), problem.at);
    throw report.toError(HINT);
  }
  const findings = new Findings();
  const people = checked.data.people.map((person, index) => readPerson(person, ['people', index], findings));
  for (const problem of findings.problems) report.add(problem, 'value');
  if (!report.clean) throw report.toError(HINT);
  return new KeyRoster(people);
}

/** What is written wrongly may be half a private key: errors about keys never repeat it. */
function withoutKeyText<P extends Problem>(problem: P): P {
  const isKey = problem.path.includes('jwk') || problem.path.includes('public_key');
  return isKey ? { ...problem, text: problem.text.replace(/^".*?" cannot/s, 'this value cannot') } : problem;
}

/** A roster of people whose members have been checked. */
export class KeyRoster implements Roster {
  readonly people: readonly RosterPerson[];
  readonly #byKid: ReadonlyMap<string, { readonly person: RosterPerson; readonly key: RosterKey }>;

  constructor(people: readonly RosterPerson[]) {
    this.people = people;
    const keys = people.flatMap((person) => person.keys.map((key) => [key.kid, { person, key }] as const));
    this.#byKid = new Map(keys);
  }

  find(kid: string) {
    return this.#byKid.get(kid) ?? null;
  }

  signer(kid: string, role: Role | null, atMs: readonly number[]): SignerAnswer {
    const found = this.find(kid);
    if (found === null) return { ok: false, fault: 'unknown_key' };
    const { person, key } = found;
    if (role !== null && !person.roles.includes(role)) return { ok: false, fault: 'wrong_role' };
    const { revokedAtMs } = key;
    if (revokedAtMs !== null && atMs.some((ms) => ms >= revokedAtMs)) return { ok: false, fault: 'revoked' };
    if (atMs.some((ms) => ms < key.validFromMs)) return { ok: false, fault: 'not_yet_valid' };
    if (atMs.some((ms) => ms >= key.validUntilMs)) return { ok: false, fault: 'expired' };
    return { ok: true, person, key };
  }
}
