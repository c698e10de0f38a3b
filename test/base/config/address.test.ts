import { expect, test } from 'vitest';
import { isLoopback, parseListenUrl, parseUrl } from '../../../src/base/config/address.ts';

test.each([
  ['mqtt://127.0.0.1:1883', { scheme: 'mqtt', host: '127.0.0.1', port: 1883, secure: false, loopback: true }],
  ['mqtt://127.0.0.1', { scheme: 'mqtt', host: '127.0.0.1', port: 1883, secure: false, loopback: true }],
  ['mqtt://127.1:0', { scheme: 'mqtt', host: '127.0.0.1', port: 0, secure: false, loopback: true }],
  ['mqtt://127.0.0.1:80', { scheme: 'mqtt', host: '127.0.0.1', port: 80, secure: false, loopback: true }],
  ['mqtts://[::]:8883', { scheme: 'mqtts', host: '::', port: 8883, secure: true, loopback: false }],
  ['http://localhost', { scheme: 'http', host: 'localhost', port: 80, secure: false, loopback: true }],
  ['https://0.0.0.0:443/', { scheme: 'https', host: '0.0.0.0', port: 443, secure: true, loopback: false }],
])('%s', (url, address) => {
  expect(parseListenUrl(url)).toEqual(address);
});

test.each([
  'mqtt://',
  'mqtt://127.0.0.1:99999',
  'mqtt://127.0.0.1:1883/path',
  'ws://127.0.0.1:1',
  'http://user@127.0.0.1:1',
  'http://127.0.0.1:1?x',
  '127.0.0.1:1883',
  '',
])('%j is no address to listen on', (url) => {
  expect(parseListenUrl(url)).toBeNull();
});

test("somebody else's address may have a path, but no secret", () => {
  expect(parseUrl('https://pms.example.com/base')?.pathname).toBe('/base');
  expect(parseUrl('https://u:p@pms.example.com')).toBeNull();
  expect(parseUrl('https://pms.example.com/#x')).toBeNull();
});

test.each(['127.0.0.1', '::1', '[::1]', 'LOCALHOST', '::ffff:7f00:1'])('%s is loopback', (host) => {
  expect(isLoopback(host)).toBe(true);
});
test.each(['0.0.0.0', '::', '10.0.0.1', '127.example.com', 'localhost.example.com'])('%s is not', (host) => {
  expect(isLoopback(host)).toBe(false);
});
