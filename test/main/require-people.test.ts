import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { UserRole } from '../../src/base/access.ts';
import { loadConfig } from '../../src/base/config/load.ts';
import { withPeopleOffline } from '../../src/main/people.ts';
import { requirePeople } from '../../src/main/require-people.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'counterfoil-require-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const config = (production: boolean) =>
  loadConfig({
    env: {},
    overrides: {
      'gateway.store': '0042',
      data_dir: folder,
      production,
      'schedule_two.signature': 'optional',
      'recovery.public_key_file': '/etc/counterfoil/recovery.pem',
      'trail.sealer_socket': '/run/counterfoil-sealer/sealer.sock',
    },
  });

async function add(name: string, ...roles: UserRole[]): Promise<void> {
  const params = { name, printed_name: name, roles, password: 'four plain words today' };
  await withPeopleOffline(config(false), async (operations) => await operations['user.add']?.run(params));
}

test('development needs nobody; production somebody for the box and somebody for the records', async () => {
  expect(() => requirePeople(config(false))).not.toThrow();
  expect(() => requirePeople(config(true))).toThrow('nobody has the role it and nobody the role compliance');
  await add('ivan', 'it');
  expect(() => requirePeople(config(true))).toThrow('nobody has the role compliance');
  await add('rita', 'compliance');
  expect(() => requirePeople(config(true))).not.toThrow();
});

test('somebody who is disabled does not count', async () => {
  await add('ivan', 'it', 'compliance');
  await withPeopleOffline(config(false), async (operations) =>
    operations['user.disable']?.run({ name: 'ivan', disabled: true }),
  );
  expect(() => requirePeople(config(true))).toThrow('nobody has the role');
});

test('a gateway that holds records goes on capturing', () => {
  writeFileSync(join(folder, 'buffer.db'), '');
  expect(() => requirePeople(config(true))).not.toThrow();
});

test('a file that cannot be used is said', () => {
  writeFileSync(join(folder, 'people.json'), 'nonsense', { mode: 0o600 });
  expect(() => requirePeople(config(true))).toThrow('is no JSON');
});
