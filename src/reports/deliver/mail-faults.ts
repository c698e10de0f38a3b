/** What a failed SMTP exchange means: by the reply's code, its enhanced status (RFC 3463), and how TLS ended. */
import { messageOf } from '../../base/errors.ts';
import { DeliveryFault, type DeliveryFaultCode } from './faults.ts';

/** What nodemailer's errors carry. */
interface SmtpError {
  readonly code: string | null;
  /** Three digits of the server's reply. */
  readonly reply: number | null;
  readonly text: string;
  readonly command: string;
}

export function mailFault(error: unknown): DeliveryFault {
  if (error instanceof DeliveryFault) return error;
  const read = readError(error);
  return new DeliveryFault(codeOf(read), read.text, error);
}

function codeOf({ code, reply, text, command }: SmtpError): DeliveryFaultCode {
  // 4xx: the server could not look the user up now, which says nothing about the password.
  if (code === 'EAUTH' && reply !== null && reply < 500) return 'refused';
  if (code === 'EAUTH' || code === 'ENOAUTH' || reply === 535 || reply === 530) return 'bad_credentials';
  if (/certificate|altnames|self.signed|CERT_|unable to (verify|get)/i.test(text)) return 'certificate_wrong';
  if (code === 'ETLS' || code === 'EREQUIRETLS' || /wrong version number|SSL routines/.test(text)) return 'tls_missing';
  if (reply === null) return 'unreachable';
  const [, status] = /\b([245]\.\d{1,3}\.\d{1,3})\b/.exec(text) ?? [];
  if (status?.endsWith('.2.2') === true) return 'mailbox_full';
  if (status?.endsWith('.3.4') === true || status?.endsWith('.2.3') === true) return 'too_large';
  // Without an enhanced status: "insufficient system storage", "exceeded storage allocation" (RFC 5321 section 4.2.3).
  if (status === undefined && (reply === 452 || reply === 552)) return 'mailbox_full';
  if (reply === 421) return 'unreachable';
  return command.startsWith('RCPT') ? 'recipient_refused' : 'refused';
}

function readError(error: unknown): SmtpError {
  const of = (name: string): unknown =>
    typeof error === 'object' && error !== null ? (error as Readonly<Record<string, unknown>>)[name] : undefined;
  const code = of('code');
  const reply = of('responseCode');
  const command = of('command');
  return {
    code: typeof code === 'string' ? code : null,
    reply: typeof reply === 'number' ? reply : null,
    text: messageOf(error),
    command: typeof command === 'string' ? command : '',
  };
}
