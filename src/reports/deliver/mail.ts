/**
 * Mail over TLS, to one authority that is pinned, and never without: `smtps://` speaks TLS at once, `smtp://` must change to it
 * before anything is said. Every recipient gets a mail of their own, so that one full mailbox does not keep the others waiting
 * or get them the same mail twice.
 *
 * The same report is the same mail to the byte, message id and date too. If the power goes after the server has taken it and
 * before we have noted that, it is sent once more, and a server or reader that knows message ids shows it once.
 */
import { hash } from 'node:crypto';
import { createTransport } from 'nodemailer';
import MailComposer from 'nodemailer/lib/mail-composer/index.js';
import { LISTS_FILE } from '../figures/listing.ts';
import { DeliveryFault } from './faults.ts';
import { mailFault } from './mail-faults.ts';
import { readOwnFile } from './secret.ts';
import type { Parcel, Target } from './target.ts';

export interface MailOptions {
  readonly name: string;
  /** `smtps://` or `smtp://`, host and port. */
  readonly url: string;
  /** Authority of the server; no other one is trusted. */
  readonly caFile: string;
  readonly username: string | null;
  readonly passwordFile: string | null;
  readonly from: string;
  readonly to: readonly string[];
  readonly kinds: readonly string[];
  readonly timeoutMs: number;
}

const DEFAULT_PORTS: Readonly<Record<string, number>> = { 'smtps:': 465, 'smtp:': 587 };

export function mailTarget(options: MailOptions): Target {
  return {
    name: options.name,
    way: 'mail',
    kinds: options.kinds,
    async deliver(parcel, progress) {
      // The outbox does not ask for it; this is the last door.
      if (parcel.confidential) throw new DeliveryFault('refused', 'a confidential report never goes by mail');
      const transport = open(options);
      try {
        for (const recipient of options.to) {
          const step = hash('sha256', recipient, 'hex').slice(0, 16);
          if (progress.has(step)) continue;
          const raw = await mailOf(fitForMail(parcel), options.from, recipient);
          await transport.sendMail({ envelope: { from: options.from, to: recipient }, raw });
          await progress.done(step);
        }
      } catch (error) {
        throw mailFault(error);
      } finally {
        transport.close();
      }
    },
    async check() {
      const transport = open(options);
      try {
        await transport.verify();
      } catch (error) {
        throw mailFault(error);
      } finally {
        transport.close();
      }
    },
  };
}

function open({ url, caFile, username, passwordFile, timeoutMs }: MailOptions) {
  const { protocol, hostname, port } = new URL(url);
  const host = hostname.replace(/^\[(.*)\]$/, '$1');
  return createTransport({
    host,
    port: port === '' ? (DEFAULT_PORTS[protocol] ?? 465) : Number(port),
    secure: protocol === 'smtps:',
    requireTLS: true,
    tls: { ca: readOwnFile(caFile, 'public'), minVersion: 'TLSv1.2', rejectUnauthorized: true },
    ...(username === null || passwordFile === null
      ? {}
      : { auth: { user: username, pass: readOwnFile(passwordFile, 'secret') } }),
    connectionTimeout: timeoutMs,
    greetingTimeout: timeoutMs,
    socketTimeout: timeoutMs,
    dnsTimeout: timeoutMs,
    disableFileAccess: true,
    disableUrlAccess: true,
  });
}

/** Without the rows of long lists, which can be tens of megabytes: the figures have their number and hash. */
function fitForMail(parcel: Parcel): Parcel {
  return { ...parcel, files: parcel.files.filter(({ name }) => !name.includes(`.${LISTS_FILE}`)) };
}

/** The mail in its bytes: nothing in it is random, and no time but the report's. */
export async function mailOf(parcel: Parcel, from: string, to: string): Promise<Buffer> {
  const composer = new MailComposer({
    from,
    to,
    subject: parcel.title,
    date: new Date(parcel.asOfMs),
    messageId: `<${parcel.id}@${parcel.gatewayId}>`,
    baseBoundary: parcel.id,
    xMailer: false,
    headers: { 'Auto-Submitted': 'auto-generated', 'X-Counterfoil-Report': parcel.id },
    text: textOf(parcel),
    textEncoding: 'quoted-printable',
    attachments: parcel.files.map(({ name, bytes }) => ({
      filename: name,
      content: bytes,
      contentType: mediaTypeOf(name),
      contentDisposition: 'attachment',
    })),
  });
  return await composer.compile().build();
}

function textOf({ title, id, files }: Parcel): string {
  const list = files.map(({ name, sha256 }) => `  ${name}\n    SHA-256 ${sha256}`).join('\n');
  return `${title}\n\nReport ${id}, made and sent by the gateway of the store. It holds counts and references, no patient data.\n\n${list}\n\nTo check it: counterfoil report verify ${id}.pdf\n`;
}

function mediaTypeOf(name: string): string {
  if (name.endsWith('.p7s')) return 'application/pkcs7-signature';
  if (name.endsWith('.pdf')) return 'application/pdf';
  return name.endsWith('.html') ? 'text/html; charset=utf-8' : 'application/json';
}
