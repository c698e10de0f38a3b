import { describe, expect, it } from 'vitest';
import { formatFraming, readFraming } from '../../src/trail/framing.ts';

const HASH = '47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=';
const END = { n: 11, length: 8_388_102, valid: 8_388_000, tailHash: HASH };
const T = '2026-11-25T00:00:00.000Z';

describe('the framing line', () => {
  it('is the one of the formats', () => {
    const { line } = formatFraming({ n: 12, ends: [END], t: T });
    expect(line.split('\t')[0]).toBe(
      `{"k":"seg","r":{"n":12,"ph":"${HASH}","pl":8388102,"pv":8388000,"v":1},"t":"${T}"}`,
    );
  });

  it('of segment 0 tells of nothing', () => {
    const { line } = formatFraming({ n: 0, ends: [], t: T });
    expect(line.split('\t')[0]).toBe(`{"k":"seg","r":{"n":0,"ph":"${HASH}","pl":0,"pv":0,"v":1},"t":"${T}"}`);
  });

  it('reads back what it says, also of older segments', () => {
    const older = { ...END, n: 10, valid: 7 };
    for (const framing of [
      { n: 0, ends: [], t: T },
      { n: 12, ends: [END], t: T },
      { n: 12, ends: [{ ...END, valid: 0 }, older], t: T },
    ]) {
      const { line, leaf } = formatFraming(framing);
      expect(readFraming(Buffer.from(`${line}more`), framing.n)).toEqual({
        framing,
        leaf,
        end: Buffer.byteLength(line),
      });
    }
  });

  it('counts only whole, unchanged and in its own place', () => {
    const { line } = formatFraming({ n: 12, ends: [END], t: T });
    const read = (text: string, n = 12) => readFraming(Buffer.from(text), n);
    expect(read(line)).not.toBeNull();
    expect(read(line, 13)).toBeNull();
    expect(read(line.slice(0, -1))).toBeNull();
    expect(read(line.replace('8388000', '8388001'))).toBeNull();
    for (let cut = 0; cut < line.length; cut += 7) expect(read(line.slice(0, cut))).toBeNull();
    expect(read(line.slice(0, 20) + '\0'.repeat(line.length - 20))).toBeNull();
  });
});
