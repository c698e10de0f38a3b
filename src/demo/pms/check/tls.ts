/** What a TLS handshake with the PMS tells, without sending it anything. */
import { isIP } from 'node:net';
import { connect } from 'node:tls';
import { CounterfoilError, messageOf } from '../../../base/errors.ts';

export interface TlsFacts {
  /** As OpenSSL names it, for example `TLSv1.3`. */
  readonly protocol: string;
  /** When the PMS's certificate ends. */
  readonly validToMs: number;
}

/**
 * Null for an address that says http.
 * @throws CounterfoilError `pms_unavailable` when the handshake fails, a certificate that cannot be trusted included.
 */
export async function tlsFacts(url: URL, ca: string | null, timeoutMs: number): Promise<TlsFacts | null> {
  if (url.protocol !== 'https:') return null;
  const host = url.hostname.replace(/^\[|\]$/g, '');
  const port = url.port === '' ? 443 : Number(url.port);
  // An address has no server name to ask for (RFC 6066 section 3).
  const name = isIP(host) === 0 ? { servername: host } : {};
  const socket = connect({ host, port, ...name, ...(ca === null ? {} : { ca }) });
  socket.setTimeout(timeoutMs, () => socket.destroy(new Error('no handshake in time')));
  try {
    await new Promise<void>((resolve, reject) => {
      socket.once('secureConnect', resolve);
      socket.once('error', reject);
    });
    const validToMs = Date.parse(socket.getPeerCertificate().valid_to);
    return { protocol: socket.getProtocol() ?? 'nothing known', validToMs };
  } catch (error) {
    const hint = 'check the certificate and its name, and give the authority that signed it with --ca-file';
    throw new CounterfoilError('pms_unavailable', `no TLS connection: ${messageOf(error)}`, hint, error);
  } finally {
    socket.destroy();
  }
}
