/**
 * Puts scanner and gate in front of the broker on one socket. aedes pulls bytes with `read()` whenever the socket says
 * `readable`; the guard stands in that one call, so a chunk is looked at before the broker's parser can buffer it and
 * costs nothing per packet. While the gate is shut `read` gives nothing, the socket's own buffer fills, and TCP holds
 * the lane.
 */
import type { Socket } from 'node:net';
import { type FrameFault, FrameScanner } from './frame-scanner.ts';
import type { Gate } from './gate.ts';

export interface GuardOptions {
  readonly gate: Gate;
  readonly maxPacketBytes: number;
  readonly onFault: (fault: FrameFault) => void;
}

/** Guards `socket`; call before the broker gets it. */
export function guardSocket(socket: Socket, options: GuardOptions): void {
  const scanner = new FrameScanner(options.maxPacketBytes);
  const pull = socket.read.bind(socket);
  const resume = () => {
    if (!socket.destroyed) socket.emit('readable');
  };
  let faulty = false;
  socket.read = (size?: number): Buffer | null => {
    if (faulty) return null;
    if (!options.gate.isOpen) {
      options.gate.wait(resume);
      return null;
    }
    // All of what is buffered: Node 26 gives one chunk of several otherwise, and the broker asks again only after a whole
    // packet has come out of it, so the rest of a packet would lie here for ever.
    const chunk: unknown = pull(size ?? (socket.readableLength > 0 ? socket.readableLength : undefined));
    if (!Buffer.isBuffer(chunk)) return null;
    const fault = scanner.push(chunk);
    if (fault === null) return chunk;
    options.onFault(fault);
    if (fault === 'mqtt_5') return chunk; // the broker answers it with "unacceptable protocol version"
    faulty = true;
    socket.destroy();
    return null;
  };
  socket.once('close', () => options.gate.forget(resume));
}
