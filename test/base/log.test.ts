import { expect, test } from 'vitest';
import { createLog } from '../../src/base/log.ts';

const lines: string[] = [];
const log = createLog('info', { write: (line: string) => void lines.push(line) });

test('a field that is not in the list does not get out, whoever has put it in', () => {
  const fields = {
    lane: 'lane-1',
    sequence: 7,
    patient_ref: 'PATIENT',
    prescription_id: 'RX-1',
    __proto__: { ndc: 'NDC' },
  };
  log.warn('a record was refused', fields);
  const line = lines.splice(0).join('');
  expect(JSON.parse(line)).toEqual({
    ...{ level: 'warn', msg: 'a record was refused', lane: 'lane-1', sequence: 7 },
    time: expect.stringMatching(/Z$/),
  });
  for (const secret of ['PATIENT', 'RX-1', 'NDC']) expect(line).not.toContain(secret);
});

test('a line break in a field stays inside the line', () => {
  log.info('said', { reason: 'one\n{"level":"error"}' });
  expect(lines.splice(0).join('').trimEnd().split('\n')).toHaveLength(1);
});
