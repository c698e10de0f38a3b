/** Planted fault, loaded before the gateway: after a 409 it goes on one number too far. Test only. */
import { plantFunction } from './plant.ts';

plantFunction(
  '/src/sync/position.ts',
  'redirected',
  'export function redirected(position, expected, ...rest) { return true_redirected(position, expected + 1, ...rest); }',
);
