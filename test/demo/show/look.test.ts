import { expect, test } from 'vitest';
import { isSettled, type Look, tillTotals } from '../../../src/demo/show/look.ts';
import { aLook, someFigures } from './scenes.ts';

test('settled is when nothing is the matter and nothing waits', () => {
  expect(isSettled(aLook())).toBe(true);
  const onTheirWay = someFigures({ standard: { pending: 4, oldestSeconds: 0.4 } });
  expect(isSettled(aLook({ figures: onTheirWay }))).toBe(true);
});

const [first, ...others] = aLook().tills;
const unsettled: Record<string, Partial<Look>> = {
  'the gateway is down': { gateway: 'down' },
  'the line is down': { wan: 'silent' },
  'nothing is known yet': { figures: null },
  'the mode has not followed': { figures: someFigures({ mode: 'RECONCILING' }) },
  'a Schedule II record waits': { figures: someFigures({ scheduleTwo: { pending: 1, oldestSeconds: 20 } }) },
  'a till is dark': { tills: [{ name: 'lane-1', isLit: false, kept: 0, sold: first?.sold ?? 0 }, ...others] },
};

test.each(Object.entries(unsettled))('not while %s', (_, more) => expect(isSettled(aLook(more))).toBe(false));

test('what a till keeps is sold and not acknowledged', () => {
  const tills = [
    { name: 'lane-1', isLit: true, kept: 0, sold: 7 },
    { name: 'lane-2', isLit: false, kept: 3, sold: 5 },
  ];
  expect(tillTotals(tills)).toEqual({ sold: 12, acknowledged: 9 });
});
