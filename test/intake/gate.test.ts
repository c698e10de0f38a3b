import { expect, it } from 'vitest';
import { Gate } from '../../src/intake/gate.ts';

it('shuts at either limit and wakes everybody who waits once both have room', () => {
  const gate = new Gate({ publishes: 2, bytes: 100 });
  const woken: string[] = [];
  gate.enter(10);
  expect(gate.isOpen).toBe(true);
  gate.enter(95);
  expect([gate.isOpen, gate.publishes, gate.bytes]).toEqual([false, 2, 105]);
  gate.wait(() => woken.push('a'));
  const b = () => woken.push('b');
  gate.wait(b);
  gate.forget(b);
  gate.leave(10);
  expect([gate.isOpen, woken]).toEqual([true, ['a']]);
  gate.enter(5);
  gate.wait(() => woken.push('c'));
  gate.leave(5);
  expect(woken).toEqual(['a', 'c']);
});

it('lets nothing in again after it was shut', () => {
  const gate = new Gate({ publishes: 1, bytes: 1 });
  gate.enter(1);
  gate.wait(() => expect.unreachable());
  gate.shut();
  gate.leave(1);
  expect(gate.isOpen).toBe(false);
});
