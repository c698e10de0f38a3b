import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type QrCode, qrCode } from '../../../src/reports/render/qr.ts';
import { missing } from '../../harness/programs.ts';
import { seeded } from '../history.ts';

let scratch = '';
beforeAll(() => {
  scratch = mkdtempSync(join(tmpdir(), 'counterfoil-qr-'));
});
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

/** A portable grey map, 4 dots a module, with the quiet zone. */
function picture(code: QrCode): Buffer {
  const dots = 4;
  const size = (code.length + 8) * dots;
  const pixels = Buffer.alloc(size * size, 255);
  code.forEach((row, r) => {
    row.forEach((black, c) => {
      if (!black) return;
      for (let y = 0; y < dots; y += 1)
        pixels.fill(0, ((r + 4) * dots + y) * size + (c + 4) * dots, ((r + 4) * dots + y) * size + (c + 5) * dots);
    });
  });
  return Buffer.concat([Buffer.from(`P5 ${size} ${size} 255\n`), pixels]);
}

/** Text of that many bytes, as checkpoints have it. */
function textOf(bytes: number): string {
  const random = seeded(bytes);
  const signs = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+/=\n ';
  return Array.from({ length: bytes }, () => signs[Math.floor(random() * signs.length)] ?? 'x').join('');
}

describe.skipIf(missing('zbarimg'))('read back by zbar', () => {
  test.each([1, 17, 32, 53, 78, 106, 134, 154, 192, 230, 271, 321, 367, 425, 458, 520, 586, 644, 718, 792, 858])(
    '%i bytes',
    (bytes) => {
      const text = `x${textOf(bytes - 1)}`.slice(0, bytes);
      const file = join(scratch, `${bytes}.pgm`);
      writeFileSync(file, picture(qrCode(text) ?? []));
      const { stdout } = spawnSync('zbarimg', ['--raw', '-q', '--nodbus', '-Sbinary', file], { encoding: 'utf8' });
      expect(stdout).toBe(text);
    },
  );
});

test('a version for each length, and none for what is too long', () => {
  expect(qrCode('x'.repeat(17))?.length).toBe(21);
  expect(qrCode('x'.repeat(18))?.length).toBe(25);
  expect(qrCode('x'.repeat(858))?.length).toBe(97);
  expect(qrCode('x'.repeat(859))).toBeNull();
});
