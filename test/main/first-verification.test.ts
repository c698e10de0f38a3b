import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { systemClock } from '../../src/base/clock.ts';
import { loadConfig } from '../../src/base/config/load.ts';
import { silentLog } from '../../src/base/log.ts';
import { FirstVerification } from '../../src/main/first-verification.ts';
import { checkRecord } from '../../src/record/check.ts';
import { aRecord, wire } from '../harness/records.ts';
import { aSigner, hoursFromNow, signed, writeRoster } from '../harness/signing.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'counterfoil-roster-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

const ada = aSigner('Ada');
const record = aRecord({ schedule: 'II' });

/** A verification, not yet started, with the settings of section `schedule_two`; also what it logged as an error. */
function verification(settings: Readonly<Record<string, unknown>>) {
  const overrides = Object.fromEntries(Object.entries(settings).map(([key, value]) => [`schedule_two.${key}`, value]));
  const config = loadConfig({ env: {}, overrides: { 'gateway.store': '0042', ...overrides } });
  const errors: string[] = [];
  const log = { ...silentLog, error: (message: string) => errors.push(message) };
  return { made: new FirstVerification(config.scheduleTwo, { clock: systemClock, log }), errors };
}

function flagsBy({ policy }: FirstVerification, sent: ReturnType<typeof aRecord>) {
  const circumstances = { receivedAtMs: Date.now(), clock: 'unknown', products: null } as const;
  const outcome = checkRecord(Buffer.from(wire(sent)), { ...circumstances, signatures: policy.judge });
  return outcome.ok ? outcome.record.flags : expect.fail('refused');
}

describe('what follows from a flag', () => {
  const roster = () => writeRoster(folder, ada);

  test.each([
    ['optional', 'optional', []],
    ['required', 'optional', ['signature_missing', 'signature_invalid']],
    ['optional', 'required', ['second_signature_missing']],
    ['required', 'required', ['signature_missing', 'signature_invalid', 'second_signature_missing']],
  ] as const)('signature %s, second signer %s', (signature, second_signer, held) => {
    const { made } = verification({ signature, second_signer, roster_file: roster() });
    const all = ['signature_missing', 'signature_invalid', 'second_signature_missing', 'npi_invalid'] as const;
    expect(all.filter((flag) => made.policy.holds([flag]))).toEqual(held);
    expect(made.policy.holds([])).toBe(false);
  });

  test('a second signature is asked for only where the store does', () => {
    for (const [second_signer, flags] of [
      ['optional', []] as const,
      ['required', ['second_signature_missing']] as const,
    ]) {
      const { made } = verification({ second_signer, roster_file: roster() });
      made.start();
      expect(flagsBy(made, signed(record, ada))).toEqual(flags);
    }
  });
});

describe('a roster that cannot be used', () => {
  const broken = () => {
    const file = join(folder, 'broken.yaml');
    writeFileSync(file, 'people:\n  - name: Ada\n');
    return file;
  };

  test.each(['signature', 'second_signer'])('stops the start where %s is required', (key) => {
    const { made } = verification({ [key]: 'required', roster_file: broken() });
    expect(() => made.start()).toThrow(expect.objectContaining({ code: 'config_invalid', exitCode: 78 }));
  });

  test('leaves a box capturing where signatures are optional, with every signature flagged', () => {
    const { made, errors } = verification({ roster_file: broken() });
    made.start();
    expect(errors).toEqual([expect.stringContaining('no signature can be verified')]);
    expect(made.facts()).toEqual({ broken: true, signersNow: 0, firstEndsInMs: null });
    expect(made.entry()).toBeNull();
    expect(flagsBy(made, signed(record, ada))).toEqual(['signature_invalid']);
  });

  test.each([
    ['is not there', () => join(folder, 'none.yaml')],
    ['is a folder', () => folder],
    [
      'can be written by everybody',
      () => {
        const file = writeRoster(folder, ada);
        chmodSync(file, 0o666);
        return file;
      },
    ],
  ])('because it %s', (_name, file) => {
    const { made } = verification({ signature: 'required', roster_file: file() });
    expect(() => made.start()).toThrow(expect.objectContaining({ code: 'config_unreadable', exitCode: 78 }));
  });

  test('does not replace the one in force, until it is mended', () => {
    const { made, errors } = verification({ signature: 'required', roster_file: writeRoster(folder, ada) });
    made.start();
    const before = made.entry();
    writeFileSync(join(folder, 'roster.yaml'), 'people: []');
    expect(made.reload()).toBe(false);
    expect(errors).toEqual([expect.stringContaining('the one before it stays in force')]);
    expect(made.facts()).toMatchObject({ broken: true, signersNow: 1 });
    expect(made.entry()).toEqual(before);
    expect(flagsBy(made, signed(record, ada))).toEqual([]);

    const revoked = { revoked_at: hoursFromNow(-1), revoked_reason: 'lost' };
    const gone = aSigner('Ada', { key: revoked });
    writeRoster(folder, { ...gone, privateKey: ada.privateKey });
    expect(made.reload()).toBe(true);
    expect(made.facts()).toEqual({ broken: false, signersNow: 0, firstEndsInMs: null });
    expect(made.entry()).not.toEqual(before);
    expect(flagsBy(made, signed(record, ada))).toEqual(['signature_invalid']);
  });
});

describe('for health and trail', () => {
  test('says nothing without a roster', () => {
    const { made } = verification({});
    made.start();
    expect(made.facts()).toBeNull();
    expect(made.entry()).toBeNull();
  });

  test('counts the pharmacists who can sign now, and until when the first of them can', () => {
    const soon = aSigner('Bea', { npi: '1245319599', key: { valid_until: hoursFromNow(2) } });
    const past = aSigner('Cai', { npi: '1679576722', key: { valid_until: hoursFromNow(-2) } });
    const reviewer = aSigner('Dot', { npi: null, roles: ['reviewer'], key: { valid_until: hoursFromNow(1) } });
    const { made } = verification({ roster_file: writeRoster(folder, ada, soon, past, reviewer) });
    made.start();
    const { signersNow, firstEndsInMs } = made.facts() ?? expect.fail('no facts');
    expect(signersNow).toBe(2);
    expect(firstEndsInMs).toBeGreaterThan(0);
    expect(firstEndsInMs).toBeLessThanOrEqual(2 * 3_600_000);
    expect(made.entry()).toEqual({
      hash: expect.stringMatching(/^.{43}=$/),
      keys: 4,
      people: 4,
      second_signer: 'optional',
      signature: 'optional',
    });
  });
});
