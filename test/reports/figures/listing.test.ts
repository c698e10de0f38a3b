import { hash } from 'node:crypto';
import { expect, test } from 'vitest';
import { Listing, longListsIn, MOST_LISTED, RowFile } from '../../../src/reports/figures/listing.ts';

function filled(name: string, rows: number, file: RowFile): Listing<readonly [number, string]> {
  const listing = new Listing<readonly [number, string]>(name, file.sink);
  for (let row = 0; row < rows; row += 1) listing.add([row, 'Zoë "till"']);
  return listing;
}

test('a list that fits stands in the figures and nowhere else', () => {
  const file = new RowFile();
  const listing = filled('open', MOST_LISTED, file);
  expect(listing.first).toHaveLength(MOST_LISTED);
  expect(listing.end()).toBeNull();
  expect(file.bytes).toBeNull();
});

test('a longer one has all its rows in the file, and the figures know how many and by which hash', () => {
  const file = new RowFile();
  const open = filled('open', MOST_LISTED + 2, file);
  const refused = filled('refused', 3 * MOST_LISTED, file);
  expect(open.first).toHaveLength(MOST_LISTED);
  const rows = Array.from({ length: MOST_LISTED + 2 }, (_, row) => `[${row},"Zoë \\"till\\""]\n`).join('');
  const ended = { open: open.end(), refused: refused.end() };
  expect(ended.open).toEqual({ total: MOST_LISTED + 2, sha256: hash('sha256', rows, 'base64') });
  const bytes = file.bytes ?? Buffer.alloc(0);
  expect(longListsIn(bytes)).toEqual(ended);
  const changed = Buffer.from(bytes);
  changed[bytes.length - 30] = 'X'.charCodeAt(0);
  expect(longListsIn(changed)).not.toEqual(ended);
  expect(longListsIn(bytes.subarray(0, -4))).toBeNull();
});
