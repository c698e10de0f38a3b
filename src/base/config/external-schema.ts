/** The keys of `intake.external`: an existing MQTT broker in place of the gateway's own. */
import { z } from 'zod';
import { brokerUrl, oneLine, oneOf, path, text, wholeNumber, yesNo } from './leaves.ts';

export const externalBroker = z.strictObject({
  url: brokerUrl('mqtts://broker.example.com:8883')
    .nullable()
    .default(null)
    .describe('Address of the broker, mqtt:// or mqtts://. Needed with intake.source: external.'),
  allow_plain: yesNo()
    .default(false)
    .describe('Allows mqtt:// without TLS beyond loopback. Records cross the network readable; health warns for ever.'),
  client_id: text(/^[A-Za-z0-9_-]{1,64}$/, 'letters, digits, - and _, at most 64, such as counterfoil-0042')
    .nullable()
    .default(null)
    .describe(
      'MQTT client id whose session holds the records; the same on the active gateway and its standby. Default: counterfoil-{store}.',
    ),
  username: oneLine("the gateway's user name at the broker").nullable().default(null).describe('User at the broker.'),
  password_file: path('the file that holds the password')
    .nullable()
    .default(null)
    .describe("That user's password, mode 0600."),
  ca_file: path("the CA of the broker's certificate (PEM)")
    .nullable()
    .default(null)
    .describe("CA of the broker's certificate, for mqtts://; null: the CAs this system trusts."),
  cert_file: path("the gateway's client certificate (PEM)")
    .nullable()
    .default(null)
    .describe('Client certificate, for mqtts://.'),
  key_file: path("the client certificate's private key (PEM)").nullable().default(null).describe('Its private key.'),
  acknowledge: oneOf(['after_commit', 'after_sync'])
    .default('after_commit')
    .describe(
      "When the broker may forget a record: after_commit: it is on this gateway's disk; after_sync: the PMS has answered for it.",
    ),
  role: oneOf(['single', 'active', 'standby'])
    .default('single')
    .describe(
      'single: no other gateway; active: goes first; standby: takes over when no other gateway was heard for takeover_seconds.',
    ),
  takeover_seconds: wholeNumber(3, 3600, 'seconds')
    .default(30)
    .describe('Silence of the other gateway after which a standby takes over. The same on both.'),
});
