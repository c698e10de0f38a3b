import { expect, test } from 'vitest';
import { interview, settingsOf } from '../../../src/main/setup/interview.ts';

const production = { store: '0042', production: 'yes', 'pms-url': 'https://pms.example' };

test('without a person: options, else what is usual', async () => {
  const settings = settingsOf(await interview({ store: '0042', 'time-zone': 'UTC' }, null));
  expect(settings).toMatchObject({
    'gateway.store': '0042',
    'gateway.time_zone': 'UTC',
    production: false,
    'mqtt.listen': [{ url: 'mqtt://127.0.0.1:1883' }],
  });
  expect(settings).not.toHaveProperty('gateway.name');
});

test('what production needs and nobody said is named by its option', async () => {
  await expect(interview({}, null)).rejects.toMatchObject({ code: 'usage', hint: expect.stringContaining('--store') });
  await expect(interview(production, null)).rejects.toThrow('has not signed');
  await expect(interview({ ...production, signature: 'required' }, null)).rejects.toThrow('Roster');
  await expect(interview({ ...production, signature: 'optional' }, null)).rejects.toThrow('Recovery public key');
  const whole = { ...production, signature: 'optional', 'recovery-key-file': 'r.pem' };
  expect(settingsOf(await interview(whole, null))).toMatchObject({
    'people.second_factor': 'required',
    'trail.sealer_socket': '/run/counterfoil-sealer/sealer.sock',
    'mqtt.listen': [{ url: 'mqtts://0.0.0.0:8883' }],
  });
});

test('a wrong option is told in the words of the configuration', async () => {
  await expect(interview({ store: '0042', 'time-zone': 'Mars' }, null)).rejects.toThrow(
    /--time-zone Mars: gateway\.time_zone: .*America\/New_York/,
  );
  await expect(interview({ ...production, 'pms-url': 'http://pms.example' }, null)).rejects.toThrow(/https:\/\//);
});

test('what does not apply is not asked', async () => {
  const asked: string[] = [];
  const person = {
    isThere: true,
    tell() {},
    confirm: async () => false,
    secret: async () => '',
    line: async (question: string) => {
      asked.push(question);
      return question.startsWith('Number of the store') ? '0042' : '';
    },
  };
  await interview({}, person);
  expect(asked.join('\n')).not.toMatch(/Certificate of the screens|authority/);
});
