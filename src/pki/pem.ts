/** PEM (RFC 7468). */
import { hash, type X509Certificate } from 'node:crypto';

export function toPem(label: string, der: Uint8Array): string {
  const lines =
    Buffer.from(der)
      .toString('base64')
      .match(/.{1,64}/g) ?? [];
  return `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`;
}

/** The blocks of one label, in their order; none when there are none. What stands around them is left out. */
export function fromPem(label: string, text: string): Buffer[] {
  const blocks = text.matchAll(new RegExp(`-----BEGIN ${label}-----([A-Za-z0-9+/=\\s]*)-----END ${label}-----`, 'g'));
  return [...blocks].map(([, body]) => Buffer.from(body ?? '', 'base64'));
}

/** SHA-256 of the whole certificate (DER): what a person compares, and what lists name it by. 32 bytes. */
export function fingerprint(certificate: X509Certificate): Buffer {
  return hash('sha256', certificate.raw, 'buffer');
}
