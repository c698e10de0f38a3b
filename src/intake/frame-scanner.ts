/**
 * Looks at the MQTT frames of one connection before the broker's parser does, byte ranges only: aedes has no limit on
 * packet size and would buffer a packet of 100 MB. Pure; knows nothing of sockets.
 *
 * Frames are those of MQTT 3.1.1 section 2.2: one byte of type and flags, one to four bytes of remaining length.
 */

export type FrameFault = 'too_large' | 'not_mqtt' | 'mqtt_5';

const CONNECT = 1;
/** A CONNECT carries client id, user name and password; more than this is no lane. */
const MAX_CONNECT_BYTES = 8 * 1024;
const MAX_LENGTH_BYTES = 4;
/** Name length (2), 'MQTT' or 'MQIsdp', level (1): enough of the first packet to know the protocol. */
const PROTOCOL_BYTES = 9;

export class FrameScanner {
  readonly #maxPacketBytes: number;
  /** Body bytes of the current frame still to come; -1 while its header is being read. */
  #bodyLeft = -1;
  #type = -1;
  #length = 0;
  #lengthBytes = 0;
  #firstDone = false;
  #protocol: number[] = [];

  constructor(maxPacketBytes: number) {
    this.#maxPacketBytes = maxPacketBytes;
  }

  /** Takes the next bytes; names the first fault, after which the connection must be closed. */
  push(chunk: Uint8Array): FrameFault | null {
    let at = 0;
    while (at < chunk.length) {
      if (this.#bodyLeft < 0) {
        const fault = this.#header(chunk[at] ?? 0);
        if (fault !== null) return fault;
        at += 1;
      } else {
        const taken = Math.min(this.#bodyLeft, chunk.length - at);
        const fault = this.#firstDone ? null : this.#first(chunk.subarray(at, at + taken));
        if (fault !== null) return fault;
        this.#bodyLeft -= taken;
        at += taken;
      }
      if (this.#bodyLeft === 0) this.#endFrame();
    }
    return null;
  }

  #header(byte: number): FrameFault | null {
    if (this.#type < 0) {
      this.#type = byte >> 4;
      return !this.#firstDone && this.#type !== CONNECT ? 'not_mqtt' : null;
    }
    this.#length += (byte & 0x7f) * 128 ** this.#lengthBytes;
    this.#lengthBytes += 1;
    if ((byte & 0x80) !== 0) return this.#lengthBytes === MAX_LENGTH_BYTES ? 'not_mqtt' : null;
    const limit = this.#firstDone ? this.#maxPacketBytes : MAX_CONNECT_BYTES;
    if (this.#length > limit) return 'too_large';
    this.#bodyLeft = this.#length;
    return null;
  }

  /** Reads the protocol level out of the CONNECT packet's first bytes. */
  #first(body: Uint8Array): FrameFault | null {
    for (const byte of body) {
      if (this.#protocol.length === PROTOCOL_BYTES) break;
      this.#protocol.push(byte);
    }
    const nameBytes = (this.#protocol[0] ?? 0) * 256 + (this.#protocol[1] ?? 0);
    if (this.#protocol.length >= 2 && nameBytes !== 4 && nameBytes !== 6) return 'not_mqtt';
    const level = this.#protocol[2 + nameBytes];
    return level !== undefined && level >= 5 && level < 0x80 ? 'mqtt_5' : null;
  }

  #endFrame(): void {
    this.#bodyLeft = -1;
    this.#type = -1;
    this.#length = 0;
    this.#lengthBytes = 0;
    this.#firstDone = true;
  }
}
