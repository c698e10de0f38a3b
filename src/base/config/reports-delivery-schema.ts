/** Keys of `reports.signing` and `reports.deliver`: what signs reports, and where they go. */
import { z } from 'zod';
import { parseUrl } from './address.ts';
import { oneLine, oneOf, path, text, wholeNumber, yesNo } from './leaves.ts';

const KINDS = ['daily', 'weekly', 'monthly', 'schedule_two', 'inspection', 'biennial'] as const;

/** Scheme, host and port, perhaps a path; no user, since the user has a key of its own. */
function targetUrl(schemes: readonly string[], example: string) {
  const write = `an address such as ${example} (${schemes.map((scheme) => `${scheme}://`).join(' or ')}, host, port), without user, password, ? and #`;
  return z
    .string({ error: write })
    .regex(new RegExp(`^(${schemes.join('|')})://`), { error: write })
    .refine((value) => parseUrl(value) !== null, { error: write });
}

const name = () => text(/^[a-z][a-z0-9-]{0,39}$/, 'a short name such as compliance or state-board (a-z, 0-9, -)');
const mailbox = () =>
  text(/^[^\s@<>",;:\\]{1,64}@[A-Za-z0-9][A-Za-z0-9.-]{0,253}$/, 'a mail address such as reports@example.com');

const mail = z.strictObject({
  name: name().describe('Name of the target, in the trail, in health and on the command line.'),
  url: targetUrl(['smtps', 'smtp'], 'smtps://mail.example.com:465').describe(
    'The mail server: smtps:// speaks TLS at once (465), smtp:// must change to TLS by STARTTLS (587).',
  ),
  ca_file: path('the authority that signs the mail server (PEM)').describe(
    'Authority of the mail server; no other one is trusted.',
  ),
  username: oneLine("the gateway's user name at the mail server")
    .nullable()
    .default(null)
    .describe('User at the server.'),
  password_file: path('the file that holds the password').nullable().default(null).describe('Its password, mode 0600.'),
  from: mailbox().describe('Sender.'),
  to: z
    .array(mailbox(), { error: 'a list of mail addresses such as [compliance@example.com]' })
    .min(1, { error: 'at least one mail address' })
    .max(20, { error: 'at most 20 mail addresses' })
    .describe('Who gets it.'),
  kinds: z
    .array(oneOf(KINDS).exclude(['schedule_two']), {
      error: 'a list such as [daily, monthly]; a confidential report never goes by mail',
    })
    .default(['daily', 'weekly', 'monthly', 'inspection', 'biennial'])
    .describe('Kinds of report that go there. The Schedule II register is confidential and never goes by mail.'),
});

const sftp = z.strictObject({
  name: name().describe('Name of the target, in the trail, in health and on the command line.'),
  url: targetUrl(['sftp'], 'sftp://files.example.com:22').describe('The SFTP server.'),
  host_key: text(
    /^SHA256:[A-Za-z0-9+/]{43}$/,
    'the fingerprint of its host key as "ssh-keygen -lf" prints it, such as SHA256:…',
  ).describe('Fingerprint of its host key; no other one is trusted.'),
  username: oneLine("the gateway's user name at the server").describe('User at the server.'),
  key_file: path('a private key for it (OpenSSH or PEM)').nullable().default(null).describe('Private key, mode 0600.'),
  password_file: path('the file that holds the password')
    .nullable()
    .default(null)
    .describe('Or a password, mode 0600.'),
  folder: text(/^[^\0\r\n]{1,1024}$/, 'a folder at the server such as reports')
    .default('.')
    .describe('Folder at the server that files go into; it has to be there.'),
  kinds: z
    .array(oneOf(KINDS), { error: 'a list such as [daily, schedule_two]' })
    .default([...KINDS])
    .describe('Kinds of report that go there.'),
});

export const deliver = z.strictObject({
  mail: z
    .array(mail, { error: 'a list, each item with name, url, ca_file, from and to' })
    .max(8, { error: 'at most 8 mail targets' })
    .default([])
    .describe('Mail targets.'),
  sftp: z
    .array(sftp, { error: 'a list, each item with name, url, host_key, username and key_file or password_file' })
    .max(8, { error: 'at most 8 SFTP targets' })
    .default([])
    .describe('SFTP targets.'),
  timeout_seconds: wholeNumber(1, 600, 'seconds')
    .default(30)
    .describe('A server that says nothing for so long has failed this attempt.'),
  retry_seconds: wholeNumber(1, 3600, 'seconds')
    .default(60)
    .describe('First wait after a failure; it doubles each time, with full jitter.'),
  retry_longest_seconds: wholeNumber(1, 86_400, 'seconds')
    .default(3600)
    .describe('Longest wait between two attempts. It never gives up.'),
});

const pkcs11 = z.strictObject({
  module: path('the PKCS #11 module of the token, such as /usr/lib/softhsm/libsofthsm2.so').describe(
    'PKCS #11 module of the token, a shared library.',
  ),
  token: oneLine('the label of the token').describe('Label of the token.'),
  key: oneLine('the label of the key in the token').describe('Label of the key in it (RSA).'),
  pin_file: path('the file that holds the PIN').describe('PIN of the token, mode 0600.'),
});

export const signing = z.strictObject({
  enabled: yesNo().default(true).describe('false: reports are not signed, and health says so.'),
  key_file: path('the private key reports are signed with (RSA, PEM)')
    .nullable()
    .default(null)
    .describe('Private key, mode 0600. Not set: a key of its own, made in data_dir when the first report is.'),
  certificates_file: path("the signer's certificate and those that issued it (PEM)")
    .nullable()
    .default(null)
    .describe("The signer's certificate first, then those that issued it. Needed with key_file and with pkcs11."),
  pkcs11: pkcs11
    .nullable()
    .default(null)
    .describe('Instead of key_file: the key stays in a token (smart card, HSM, TPM). Needs pkcs11-tool of OpenSC.'),
});
