/**
 * What checking one record costs, in microseconds on one core: `node bench/record.ts`. Figures differ from run to run
 * by a tenth or two and decide no test; they are there to be looked at when the record room changes.
 */
import { generateKeyPairSync, hash, type KeyObject } from 'node:crypto';
import canonicalize from 'canonicalize';
import { canonicalBytes, canonicalText } from '../src/record/canonical.ts';
import { type CheckContext, checkRecord } from '../src/record/check.ts';
import { signDetached } from '../src/record/jws.ts';
import { readRoster } from '../src/record/roster.ts';
import { recordSchema } from '../src/record/schema.ts';
import { judgeSignatures } from '../src/record/signatures.ts';
import { readStrictJson } from '../src/record/strict-json.ts';

const context: CheckContext = { receivedAtMs: Date.UTC(2026, 10, 22, 9, 4), clock: 'synchronised', products: null };

/** A record as a well-made till sends it: NDC and schedule have to be normalised, so two forms are written and hashed. */
const typical = {
  schema_version: 1,
  idempotency_key: '8c0d6e5e-1f2a-4c3b-9d8e-0123456789ab',
  kind: 'DISPENSE',
  lane_sequence: 48213,
  lane_instance: 'till-03-2026a',
  ndc: '0574-4072-05',
  quantity: 30,
  quantity_unit: 'EA',
  schedule: 'CIII',
  prescription_id: 'RX-1001-2234',
  fill_number: 1,
  pharmacist_npi: '1234567893',
  prescriber_dea: 'AB1234563',
  patient_ref: 'tok_5b1f0d4e8c7a4f6e9b2d3c4a5e6f7a8b',
  dispensed_at_utc: '2026-11-22T04:03:00.125-05:00',
  gtin: '00305744072055',
  lot: 'L20261A',
  serial: '100042819234',
  expires_on: '2028-01-31',
  witnessed_checkpoint: '',
};
typical.witnessed_checkpoint = `gw-0042/0a1b2c3d/audit\n48212\n${hash('sha256', 'root', 'base64')}\n`;
const bytes = Buffer.from(JSON.stringify(typical));
const unchanged = Buffer.from(
  JSON.stringify({ ...typical, ndc: '00574407205', schedule: 'III', dispensed_at_utc: '2026-11-22T09:03:00Z' }),
);
const refused = Buffer.from(JSON.stringify({ ...typical, quantity: -1, pharmacist_npi: undefined }));
const parsed: object = JSON.parse(bytes.toString());

/** The same record as Schedule II, signed by people of one roster whose keys are these. */
const keys = { ed: generateKeyPairSync('ed25519'), p256: generateKeyPairSync('ec', { namedCurve: 'P-256' }) };
const personWith = (kid: keyof typeof keys, npi: string) => ({
  name: kid,
  npi,
  roles: ['pharmacist'],
  keys: [
    {
      kid,
      public_key: pem(keys[kid].publicKey),
      valid_from: '2026-01-01T00:00:00Z',
      valid_until: '2027-01-01T00:00:00Z',
    },
  ],
});
const people = [personWith('ed', '1234567893'), personWith('p256', '1245319599')];
const roster = readRoster(JSON.stringify({ people }), 'roster');
const judging: CheckContext = { ...context, signatures: (record) => judgeSignatures(record, roster, false) };
const two = { ...typical, schedule: 'CII' };

function pem(key: KeyObject): string {
  return key.export({ type: 'spki', format: 'pem' }).toString();
}

function signedBy(...kids: readonly (keyof typeof keys)[]): Buffer {
  const signatures = kids.map((kid) => signDetached(canonicalBytes(two), { kid, privateKey: keys[kid].privateKey }));
  return Buffer.from(JSON.stringify({ ...two, signatures }));
}
const [unsigned, edSigned, p256Signed, twice] = [signedBy(), signedBy('ed'), signedBy('p256'), signedBy('ed', 'p256')];

/** Best of five rounds, in microseconds of processor time (all threads of the process) for each call. */
function microseconds(task: () => unknown, calls = 20_000): number {
  let best = Number.POSITIVE_INFINITY;
  for (let round = 0; round < 5; round++) {
    const before = process.cpuUsage();
    for (let call = 0; call < calls; call++) task();
    const { user, system } = process.cpuUsage(before);
    best = Math.min(best, (user + system) / calls);
  }
  return best;
}

const tasks: readonly (readonly [string, () => unknown])[] = [
  [`checkRecord, ${bytes.length} bytes, normalised, two hashes`, () => checkRecord(bytes, context)],
  [`checkRecord, ${unchanged.length} bytes, nothing to normalise`, () => checkRecord(unchanged, context)],
  ['checkRecord, refused', () => checkRecord(refused, context)],
  ['checkRecord, Schedule II, no signature', () => checkRecord(unsigned, judging)],
  ['checkRecord, Schedule II, one EdDSA signature', () => checkRecord(edSigned, judging)],
  ['checkRecord, Schedule II, one ES256 signature', () => checkRecord(p256Signed, judging)],
  ['checkRecord, Schedule II, one of each', () => checkRecord(twice, judging)],
  ['checkRecord, Schedule II, signed with a key nobody has', () => checkRecord(edSigned, context)],
  ['  strict JSON', () => readStrictJson(bytes)],
  ['  of it JSON.parse alone', () => JSON.parse(bytes.toString('utf8'))],
  ['  zod schema', () => recordSchema.safeParse(parsed)],
  ['  canonical text', () => canonicalText(parsed)],
  ['  the same by the canonicalize package', () => canonicalize(parsed)],
];
for (const [name, task] of tasks) process.stdout.write(`${microseconds(task).toFixed(2).padStart(8)} us  ${name}\n`);
