import { expect, test } from 'vitest';
import { configurationHash } from '../../src/main/configuration-hash.ts';

const TREE = {
  gateway: { store: '0042', name: null },
  mqtt: { listen: [{ url: 'mqtt://127.0.0.1:1883' }] },
  production: false,
};

test('names every setting as in the file, a list as one', () => {
  expect(Object.keys(configurationHash(TREE).settings)).toEqual([
    'gateway.store',
    'gateway.name',
    'mqtt.listen',
    'production',
  ]);
});

test('changes with each value and only there, whatever the order', () => {
  const { configuration, settings } = configurationHash(TREE);
  const other = configurationHash({ ...TREE, production: true });
  expect(other.configuration).not.toBe(configuration);
  expect(Object.keys(settings).filter((name) => settings[name] !== other.settings[name])).toEqual(['production']);
  const { gateway, mqtt, production } = TREE;
  expect(configurationHash({ production, mqtt, gateway })).toMatchObject({ configuration, settings });
  expect(configuration).toMatch(/^[A-Za-z0-9+/]{43}=$/);
  expect(JSON.stringify(configurationHash(TREE))).not.toContain('0042');
});
