import { describe, expect, test } from 'vitest';
import { type Log, silentLog } from '../../src/base/log.ts';
import { Token } from '../../src/sync/token.ts';

describe('the token', () => {
  test('makes the header', () => {
    const token = new Token(() => 'abc.DEF-123~_+/==\n', silentLog);
    expect(token.reload()).toBe(true);
    expect(token.header()).toEqual({ authorization: 'Bearer abc.DEF-123~_+/==' });
    expect(token.reload()).toBe(false);
  });

  test('may be none', () => {
    const token = new Token(() => null, silentLog);
    expect(token.reload()).toBe(false);
    expect(token.header()).toEqual({});
  });

  test('stays as it was when it cannot be read, and the log does not repeat it', () => {
    const said: string[] = [];
    const log: Log = { ...silentLog, error: (message, fields) => said.push(JSON.stringify([message, fields])) };
    let next = 'first';
    const token = new Token(() => next, log);
    token.reload();
    next = 'se cret\r\nx-evil: 1';
    expect(token.reload()).toBe(false);
    expect(token.header()).toEqual({ authorization: 'Bearer first' });
    expect(said).toHaveLength(1);
    expect(said.join()).not.toContain('cret');
  });
});
