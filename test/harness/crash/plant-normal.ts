/**
 * Planted fault, loaded before the gateway with `--import`: every connection runs with synchronous=NORMAL, and says FULL
 * when asked. Commits then wait for no sync. Test only; the gateway itself has no such switch.
 */
import Database from 'better-sqlite3';

const pragma = Database.prototype.pragma;

Database.prototype.pragma = function (this: Database.Database, source: string, options?: Database.PragmaOptions) {
  const read = /^\s*synchronous\s*$/i.test(source);
  if (read) return options?.simple === true ? 2 : [{ synchronous: 2 }];
  return pragma.call(this, source.replace(/^\s*synchronous\s*=\s*FULL/i, 'synchronous = NORMAL'), options);
};
