import fc from 'fast-check';
import { expect, test } from 'vitest';
import { AckLine } from '../../../src/intake/external/ack-line.ts';

test('a publish is acknowledged only when everything before it is decided', () => {
  const line = new AckLine();
  const [first, second, third] = [line.add(7, 1), line.add(8, 2), line.add(9, 3)];
  expect(line.decide(second)).toEqual([]);
  expect(line.decide(third)).toEqual([]);
  expect(line.oldestAtMs).toBe(1);
  expect(line.decide(first)).toEqual([7, 8, 9]);
  expect(line.size).toBe(0);
  expect(line.oldestAtMs).toBeNull();
});

test('whatever the order of decisions, PUBACKs leave in the order of the publishes, each once (MQTT-4.6.0-2)', () => {
  const steps = fc.array(fc.oneof(fc.constant('take' as const), fc.nat(3000)), { maxLength: 2600, size: 'max' });
  fc.assert(
    fc.property(steps, (script) => {
      const line = new AckLine();
      const open: ReturnType<AckLine['add']>[] = [];
      const left: number[] = [];
      let taken = 0;
      for (const step of script) {
        if (step === 'take') open.push(line.add(taken++, 0));
        else {
          const [place] = open.length === 0 ? [] : open.splice(step % open.length, 1);
          if (place !== undefined) left.push(...line.decide(place));
        }
        expect(line.size).toBe(taken - left.length);
      }
      for (const place of open) left.push(...line.decide(place));
      expect(left).toEqual(Array.from({ length: taken }, (_, at) => at));
    }),
    { numRuns: 20 },
  );
});
