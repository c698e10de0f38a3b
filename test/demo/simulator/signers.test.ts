import { createPublicKey } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, test } from 'vitest';
import { otherSigner, SIGNERS, signAs, signerOf } from '../../../src/demo/simulator/signers.ts';
import { isNpi } from '../../../src/record/identifiers.ts';
import { readRoster } from '../../../src/record/roster.ts';

const file = resolve(import.meta.dirname, '../../../config/demo-roster.yaml');
const roster = readRoster(readFileSync(file, 'utf8'), file);

test('the roster of the demonstration has exactly these people and keys', () => {
  const listed = roster.people.map(({ npi, keys }) => [npi, keys.map(({ kid }) => kid)]);
  expect(listed).toEqual(SIGNERS.map(({ npi, kid }) => [npi, [kid]]));
  for (const { npi, kid, privateKey } of SIGNERS) {
    expect(isNpi(npi)).toBe(true);
    expect(createPublicKey(privateKey).equals(roster.find(kid)?.key.publicKey ?? privateKey)).toBe(true);
    expect(roster.signer(kid, 'pharmacist', [Date.now()])).toMatchObject({ ok: true });
  }
});

test('their private keys are nowhere but in the simulator', () => {
  const source = readFileSync(join(import.meta.dirname, '../../../src/demo/simulator/signers.ts'), 'utf8');
  for (const { privateKey } of SIGNERS) {
    const { d } = privateKey.export({ format: 'jwk' });
    expect(source).toContain(d);
    expect(readFileSync(file, 'utf8')).not.toContain(d);
  }
});

test('Schedule II is signed by its pharmacist, however it is spelled; nothing else is', () => {
  const [ada, ben] = SIGNERS;
  expect(signerOf({ schedule: 'c-ii', pharmacist_npi: ben.npi })).toBe(ben.kid);
  expect(signerOf({ schedule: 2, pharmacist_npi: 'mistyped' })).toBe(ada.kid);
  expect(signerOf({ schedule: 'III', pharmacist_npi: ada.npi })).toBeNull();
  expect([otherSigner(ada.kid), otherSigner(ben.kid)]).toEqual([ben.kid, ada.kid]);
  expect(signAs(null)).toBeNull();
  expect(signAs(ada.kid)?.(Buffer.from('x'))).toHaveLength(1);
});
