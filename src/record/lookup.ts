/** What a stored record can be searched by. A member of another type than expected is no search value. */

export type LookupName = 'prescriber' | 'pharmacist' | 'patient' | 'ndc' | 'key' | 'prescription';

/** A value that a record can be searched by. */
export interface LookupValue {
  readonly name: LookupName;
  readonly value: string;
}

/** Members by the name under which they are searched. A till may send `prescriber_npi` beside the DEA number. */
const MEMBERS = [
  ['prescriber', 'prescriber_dea'],
  ['prescriber', 'prescriber_npi'],
  ['pharmacist', 'pharmacist_npi'],
  ['patient', 'patient_ref'],
  ['ndc', 'ndc'],
  ['key', 'idempotency_key'],
  ['prescription', 'prescription_id'],
] as const;

export type RecordMembers = Readonly<Record<string, unknown>>;

/** Members of a stored record; none where its bytes could not be read. */
export function membersOf(payload: string | null): RecordMembers {
  if (payload === null) return {};
  const record: unknown = JSON.parse(payload);
  return typeof record === 'object' && record !== null ? (record as RecordMembers) : {};
}

export function lookupValues(members: RecordMembers): LookupValue[] {
  return MEMBERS.flatMap(([name, member]) => {
    const value = members[member];
    return typeof value === 'string' ? [{ name, value }] : [];
  });
}
