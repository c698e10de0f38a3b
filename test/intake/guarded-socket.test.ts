import { Socket } from 'node:net';
import { expect, it } from 'vitest';
import { Gate } from '../../src/intake/gate.ts';
import { guardSocket } from '../../src/intake/guarded-socket.ts';
import { connect, pingreq } from '../harness/mqtt-wire.ts';

function guarded(gate: Gate) {
  const socket = new Socket();
  const faults: string[] = [];
  guardSocket(socket, { gate, maxPacketBytes: 1000, onFault: (fault) => faults.push(fault) });
  return { socket, faults };
}

it('gives the broker everything that is buffered at once: it asks again only after a whole packet', () => {
  const { socket } = guarded(new Gate({ publishes: 1, bytes: 1000 }));
  const bytes = connect({ clientId: 'till' });
  socket.push(bytes.subarray(0, 5));
  socket.push(bytes.subarray(5));
  expect(socket.read()).toEqual(bytes);
  socket.destroy();
});

it('gives nothing while the gate is shut and says when there is something again', () => {
  const gate = new Gate({ publishes: 1, bytes: 1000 });
  const { socket } = guarded(gate);
  gate.enter(1);
  socket.push(connect({ clientId: 'till' }));
  expect(socket.read()).toBeNull();
  let told = 0;
  socket.on('readable', () => {
    told += 1;
  });
  gate.leave(1);
  expect([told, Buffer.isBuffer(socket.read())]).toEqual([1, true]);
  socket.destroy();
});

it('destroys a connection with a fault, and lets the broker answer MQTT 5 itself', () => {
  const gate = new Gate({ publishes: 1, bytes: 1000 });
  const foreign = guarded(gate);
  foreign.socket.push(pingreq());
  expect([foreign.socket.read(), foreign.faults, foreign.socket.destroyed]).toEqual([null, ['not_mqtt'], true]);
  const newer = guarded(gate);
  const bytes = connect({ clientId: 'till' });
  bytes[8] = 5;
  newer.socket.push(bytes);
  expect([newer.socket.read()?.length, newer.faults, newer.socket.destroyed]).toEqual([
    bytes.length,
    ['mqtt_5'],
    false,
  ]);
  newer.socket.destroy();
});
