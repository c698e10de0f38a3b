/** The codewords of a QR code at level L: bytes, padding, Reed-Solomon error correction (ISO/IEC 18004 sections 7.4 to 7.6). */

/** By version: error correction codewords of a block, and blocks; table 9, level L. */
const BLOCKS: readonly (readonly [number, number])[] = [
  [7, 1],
  [10, 1],
  [15, 1],
  [20, 1],
  [26, 1],
  [18, 2],
  [20, 2],
  [24, 2],
  [30, 2],
  [18, 4],
  [20, 4],
  [24, 4],
  [26, 4],
  [30, 4],
  [22, 6],
  [24, 6],
  [28, 6],
  [30, 6],
  [28, 7],
  [28, 8],
];

const of = (version: number): readonly [number, number] => BLOCKS[version - 1] ?? [0, 1];

/** Modules that are left for codewords, in whole bytes. */
function allCodewords(version: number): number {
  let modules = (16 * version + 128) * version + 64;
  if (version >= 2) {
    const centres = Math.floor(version / 7) + 2;
    modules -= (25 * centres - 10) * centres - 55;
    if (version >= 7) modules -= 36;
  }
  return Math.floor(modules / 8);
}

/** Null when the bytes do not fit. */
export function dataCodewords(bytes: Uint8Array, version: number): number[] | null {
  const [correction, blocks] = of(version);
  const room = allCodewords(version) - correction * blocks;
  const lengthBits = version < 10 ? 8 : 16;
  const bits: number[] = [];
  const put = (value: number, count: number) => {
    for (let bit = count - 1; bit >= 0; bit -= 1) bits.push((value >>> bit) & 1);
  };
  put(0b0100, 4);
  put(bytes.length, lengthBits);
  for (const byte of bytes) put(byte, 8);
  if (bits.length > room * 8) return null;
  put(0, Math.min(4, room * 8 - bits.length));
  put(0, (8 - (bits.length % 8)) % 8);
  const codewords: number[] = [];
  for (let at = 0; at < bits.length; at += 8) {
    codewords.push(bits.slice(at, at + 8).reduce((value, bit) => (value << 1) | bit, 0));
  }
  for (let pad = 0xec; codewords.length < room; pad ^= 0xec ^ 0x11) codewords.push(pad);
  return codewords;
}

interface QrBlock {
  readonly data: readonly number[];
  readonly correction: readonly number[];
}

/** Data in blocks; the last ones are one codeword longer where it does not divide. */
export function blocksOf(data: readonly number[], version: number): QrBlock[] {
  const [correction, count] = of(version);
  const generator = generatorOf(correction);
  const short = Math.floor(data.length / count);
  const firstLong = count - (data.length % count);
  let at = 0;
  return Array.from({ length: count }, (_, block) => {
    const length = short + (block >= firstLong ? 1 : 0);
    const piece = data.slice(at, at + length);
    at += length;
    return { data: piece, correction: correctionOf(piece, generator) };
  });
}

/** Codewords in the order in which they are drawn. */
export function interleave(blocks: readonly QrBlock[]): number[] {
  return [...byTurns(blocks.map(({ data }) => data)), ...byTurns(blocks.map(({ correction }) => correction))];
}

function byTurns(lists: readonly (readonly number[])[]): number[] {
  const longest = Math.max(...lists.map(({ length }) => length));
  const all: number[] = [];
  for (let at = 0; at < longest; at += 1) {
    for (const list of lists) {
      const value = list[at];
      if (value !== undefined) all.push(value);
    }
  }
  return all;
}

/** Product in GF(256) with the polynomial x^8 + x^4 + x^3 + x^2 + 1. */
function times(a: number, b: number): number {
  let product = 0;
  for (let bit = 7; bit >= 0; bit -= 1) {
    product = (product << 1) ^ ((product >>> 7) * 0x11d);
    product ^= ((b >>> bit) & 1) * a;
  }
  return product;
}

/** (x - 1)(x - 2)(x - 4)… without its leading 1, highest power first. */
function generatorOf(degree: number): number[] {
  const factors = new Array<number>(degree).fill(0);
  factors[degree - 1] = 1;
  let root = 1;
  for (let i = 0; i < degree; i += 1) {
    for (let j = 0; j < degree; j += 1) {
      factors[j] = times(factors[j] ?? 0, root) ^ (factors[j + 1] ?? 0);
    }
    root = times(root, 2);
  }
  return factors;
}

function correctionOf(data: readonly number[], generator: readonly number[]): number[] {
  const rest = new Array<number>(generator.length).fill(0);
  for (const value of data) {
    const factor = value ^ (rest.shift() ?? 0);
    rest.push(0);
    generator.forEach((each, at) => {
      rest[at] = (rest[at] ?? 0) ^ times(each, factor);
    });
  }
  return rest;
}
