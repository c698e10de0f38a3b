/** Keys of the section `push`: a summary of health goes out to somebody who cannot reach in. */
import { z } from 'zod';
import { path, serverUrl, wholeNumber } from './leaves.ts';

export const push = z.strictObject({
  url: serverUrl('https://noc.example.com/counterfoil')
    .nullable()
    .default(null)
    .describe('Where a summary of health is posted to (docs/PROTOCOLS.md). null: nowhere.'),
  token_file: path('the bearer token for it').nullable().default(null).describe('Bearer token for it, mode 0600.'),
  ca_file: path('the certificate of the authority that signs its server (PEM)')
    .nullable()
    .default(null)
    .describe('Authorities trusted for it in place of the built-in public ones, for https://.'),
  every_seconds: wholeNumber(1, 3600, 'seconds').default(60).describe('Time between two summaries.'),
  keep_hours: wholeNumber(1, 720, 'hours')
    .default(72)
    .describe('Summaries that could not be sent are kept so long, and sent when the line is back.'),
});
