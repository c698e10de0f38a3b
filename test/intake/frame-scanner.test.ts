import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type FrameFault, FrameScanner } from '../../src/intake/frame-scanner.ts';

const LIMIT = 1000;

/** One MQTT frame with a body of zeros. */
function frame(type: number, bodyBytes: number, start: readonly number[] = []): Buffer {
  const length: number[] = [];
  let left = bodyBytes;
  do {
    const digit = left % 128;
    left = Math.floor(left / 128);
    length.push(left > 0 ? digit + 128 : digit);
  } while (left > 0);
  const body = Buffer.alloc(bodyBytes);
  body.set(start.slice(0, bodyBytes));
  return Buffer.concat([Buffer.from([type << 4, ...length]), body]);
}

const connect = (level: number) => frame(1, 14, [0, 4, 77, 81, 84, 84, level, 2, 0, 60, 0, 2, 97, 98]);

/** First fault when `bytes` come in pieces of the given sizes. */
function scan(bytes: Buffer, sizes: readonly number[]): FrameFault | null {
  const scanner = new FrameScanner(LIMIT);
  let at = 0;
  for (let turn = 0; at < bytes.length; turn += 1) {
    const end = at + (sizes[turn % sizes.length] ?? 1);
    const fault = scanner.push(bytes.subarray(at, end));
    if (fault !== null) return fault;
    at = end;
  }
  return null;
}

const pieces = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 6 });

describe('FrameScanner', () => {
  it('lets any stream of frames within the limit pass, however it is cut', () => {
    const frames = fc.array(fc.tuple(fc.integer({ min: 2, max: 14 }), fc.integer({ min: 0, max: LIMIT })), {
      maxLength: 12,
    });
    fc.assert(
      fc.property(frames, pieces, (list, sizes) => {
        const stream = Buffer.concat([connect(4), ...list.map(([type, size]) => frame(type, size))]);
        expect(scan(stream, sizes)).toBeNull();
      }),
    );
  });

  it('stops a frame over the limit at its header, before its body comes', () => {
    fc.assert(
      fc.property(fc.integer({ min: LIMIT + 1, max: 268_435_455 }), pieces, (size, sizes) => {
        const header = Buffer.from([0x32]);
        const length: number[] = [];
        for (let left = size; ; left = Math.floor(left / 128)) {
          length.push(left >= 128 ? (left % 128) + 128 : left);
          if (left < 128) break;
        }
        expect(scan(Buffer.concat([connect(4), header, Buffer.from(length)]), sizes)).toBe('too_large');
      }),
    );
  });

  it('names MQTT 5, other protocols and endless lengths', () => {
    fc.assert(
      fc.property(pieces, (sizes) => {
        expect(scan(connect(5), sizes)).toBe('mqtt_5');
        expect(scan(Buffer.from('GET / HTTP/1.1\r\n\r\n'), sizes)).toBe('not_mqtt');
        expect(scan(Buffer.from([0x16, 3, 1, 2, 0, 1]), sizes)).not.toBeNull();
        expect(scan(frame(1, 14, [0, 9, 1, 2, 3]), sizes)).toBe('not_mqtt');
        expect(scan(Buffer.concat([connect(4), Buffer.from([0x30, 255, 255, 255, 255])]), sizes)).not.toBeNull();
      }),
    );
    expect(scan(frame(1, 9000, [0, 4, 77, 81, 84, 84, 4]), [1])).toBe('too_large');
  });
});
