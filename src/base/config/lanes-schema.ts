/** Keys of the section `lanes`: how tills get their certificates. */
import { z } from 'zod';
import { listenUrl, text, wholeNumber } from './leaves.ts';

export const lanes = z.strictObject({
  enroll_url: listenUrl(['https', 'https'], 'https://0.0.0.0:8884')
    .nullable()
    .default(null)
    .describe(
      'Where tills get their certificates. null: port 8884 of the first mqtts:// listener without lane_ca_file, if there is one.',
    ),
  server_names: z
    .array(text(/^[A-Za-z0-9][A-Za-z0-9.:-]{0,252}$/, 'a DNS name or an IP address'), {
      error: 'a list of names and addresses such as ["gateway.store.example", "192.0.2.7"]',
    })
    .max(16, { error: 'at most 16 names' })
    .default([])
    .describe(
      'More names of this box for its own certificate, beside its host name and addresses; the first goes into codes.',
    ),
  certificate_days: wholeNumber(2, 825, 'days')
    .default(365)
    .describe("How long a lane's certificate is good; the lane client renews it after two thirds."),
  code_hours: wholeNumber(1, 720, 'hours').default(24).describe('How long a one-time code is good.'),
});
