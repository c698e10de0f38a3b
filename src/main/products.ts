/** Loads the store's product table for the record room; a gateway without one works, it only resolves fewer NDCs. */
import { readFileSync } from 'node:fs';
import { CounterfoilError, messageOf } from '../base/errors.ts';
import { type ProductTable, readProductTable } from '../record/products.ts';

/** Throws `config_invalid` with every bad line of the table. */
export function loadProducts(path: string | null): ProductTable | null {
  if (path === null) return null;
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    throw new CounterfoilError(
      'config_unreadable',
      `product_table ${path} cannot be read: ${messageOf(error)}`,
      'Check the path and its permissions, or leave product_table out.',
      error,
    );
  }
  const reading = readProductTable(text);
  if (reading.ok) return reading.table;
  throw new CounterfoilError(
    'config_invalid',
    reading.problems.map(({ line, message }) => `${path}:${line}: ${message}`).join('\n'),
    'Correct the lines named above, or leave product_table out.',
  );
}
