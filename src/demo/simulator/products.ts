/**
 * What the simulated store sells. Names are generic, codes are made up (all three FDA forms occur), schedules are those
 * of the substances in 21 CFR 1308.
 */
import type { Schedule } from '../../record/types.ts';

export interface SimulatedProduct {
  readonly name: string;
  readonly schedule: Schedule;
  /** FDA's ten digits with hyphens: 4-4-2, 5-3-2 or 5-4-1. */
  readonly ndc: string;
  /** Usual amounts: numbers of pieces, or decimal texts in `unit`. */
  readonly quantities: readonly (number | string)[];
  readonly unit: 'EA' | 'ML';
}

const TABLETS = [7, 10, 14, 20, 28, 30, 30, 30, 60, 90];
const CAPSULES = [10, 14, 30, 30, 60];
const PATCHES = [5, 10];
const LIQUIDS = ['118', '118.3', '240', '473.2'];

const product = (
  name: string,
  schedule: Schedule,
  ndc: string,
  quantities: readonly (number | string)[],
  unit: 'EA' | 'ML' = 'EA',
): SimulatedProduct => ({ name, schedule, ndc, quantities, unit });

export const PRODUCTS: readonly SimulatedProduct[] = [
  product('oxycodone 5 mg tablet', 'II', '9101-0110-01', TABLETS),
  product('oxycodone/acetaminophen 5-325 mg tablet', 'II', '91012-112-30', TABLETS),
  product('hydrocodone/acetaminophen 10-325 mg tablet', 'II', '91012-1145-1', TABLETS),
  product('methylphenidate ER 36 mg tablet', 'II', '9103-0210-30', [30]),
  product('amphetamine mixed salts 20 mg capsule', 'II', '91030-215-05', CAPSULES),
  product('fentanyl 25 mcg/h patch', 'II', '91030-2200-5', PATCHES),
  product('morphine 10 mg/5 ml solution', 'II', '9103-0225-16', LIQUIDS, 'ML'),
  product('codeine/acetaminophen 30-300 mg tablet', 'III', '91041-301-60', TABLETS),
  product('buprenorphine/naloxone 8-2 mg film', 'III', '9104-0310-30', [7, 14, 30, 60]),
  product('testosterone cypionate 200 mg/ml', 'III', '91041-3150-1', ['1', '10'], 'ML'),
  product('alprazolam 0.5 mg tablet', 'IV', '91052-401-90', TABLETS),
  product('zolpidem 10 mg tablet', 'IV', '9105-0410-30', [30]),
  product('tramadol 50 mg tablet', 'IV', '91052-4155-1', TABLETS),
  product('lorazepam 1 mg tablet', 'IV', '91052-420-10', TABLETS),
  product('pregabalin 75 mg capsule', 'V', '9106-0501-60', CAPSULES),
  product('lacosamide 100 mg tablet', 'V', '91060-505-60', [60]),
  product('codeine/guaifenesin 10-100 mg/5 ml', 'V', '91060-5100-4', LIQUIDS, 'ML'),
  product('atorvastatin 20 mg tablet', 'NONE', '9107-0001-90', [30, 90, 90]),
  product('metformin 500 mg tablet', 'NONE', '91071-010-18', [60, 180]),
  product('lisinopril 10 mg tablet', 'NONE', '91071-0200-9', [30, 90, 90]),
  product('amoxicillin 500 mg capsule', 'NONE', '9107-0030-21', [21, 30]),
  product('sertraline 50 mg tablet', 'NONE', '91071-040-30', [30, 90]),
  product('albuterol 90 mcg inhaler', 'NONE', '91071-0500-1', [1, 2]),
  product('levothyroxine 75 mcg tablet', 'NONE', '9107-0060-90', [30, 90]),
  product('amoxicillin 250 mg/5 ml suspension', 'NONE', '91071-070-15', ['100', '150'], 'ML'),
];
