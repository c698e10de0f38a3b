/**
 * What can be wrong with a layer of the link: a closed list of codes, each with the sentence an operator reads and what
 * to do about it. Codes are labels of metrics and stand in the trail, so they are few and never change their meaning.
 */
import { messageOf } from '../base/errors.ts';

interface FaultWords {
  /** What is wrong, a sentence without its full stop; figures and names are put behind it where they are known. */
  readonly what: string;
  /** What to do. */
  readonly advice: string;
}

const ASK_PMS = 'Ask the operator of the PMS';

/** Every fault, from the cable upwards. */
export const FAULTS = {
  name_not_found: {
    what: "the PMS's name is not known",
    advice: 'Check the spelling of pms.url; check which name server the router hands out.',
  },
  name_server_silent: {
    what: 'the name server does not answer',
    advice: "Check the store's router and line, then the name server in its settings.",
  },
  name_lookup_failed: {
    what: 'looking up the name of the PMS failed',
    advice: "Check the box's network settings and the store's name server.",
  },
  connection_refused: {
    what: 'the PMS refuses connections',
    advice: `Check the port in pms.url. If it is right, the PMS is down: ${ASK_PMS.toLowerCase()}.`,
  },
  no_route: {
    what: 'there is no way to the PMS in the network',
    advice: "Check the cable, the router and the provider's line.",
  },
  connect_timeout: {
    what: 'the PMS does not answer a connect',
    advice: 'Check the line; a firewall may drop connections to the port in pms.url.',
  },
  connection_failed: { what: 'no connection to the PMS', advice: 'Check the line, the router and the firewall.' },
  certificate_expired: {
    what: 'the certificate of the PMS has expired',
    advice: `${ASK_PMS} to renew it. Check this box's clock first: a wrong one makes good certificates look old.`,
  },
  certificate_not_yet_valid: {
    what: 'the certificate of the PMS is not valid yet',
    advice: "Check this box's clock; it is probably behind.",
  },
  certificate_wrong_host: {
    what: 'the certificate of the PMS is made out to another name',
    advice: `Write the name in the certificate into pms.url. If the name is right, somebody else answers: ${ASK_PMS.toLowerCase()}.`,
  },
  certificate_unknown_ca: {
    what: 'the certificate of the PMS is signed by an authority this box does not trust',
    advice:
      "If it is the PMS's own authority, put its certificate into pms.ca_file. If not, something in between reads along.",
  },
  certificate_self_signed: {
    what: 'the certificate of the PMS is signed by itself',
    advice: 'If that is intended, put this certificate into pms.ca_file. If not, somebody else answers.',
  },
  certificate_rejected: {
    what: 'the certificate of the PMS is not accepted',
    advice: `${ASK_PMS}; the reason in brackets is what OpenSSL says.`,
  },
  client_certificate_refused: {
    what: "the PMS does not accept this gateway's certificate",
    advice: 'Check pms.cert_file and pms.key_file: missing, expired, or not signed by the authority the PMS trusts.',
  },
  tls_timeout: {
    what: 'no answer to the TLS handshake',
    advice: 'Check the port in pms.url; a firewall may let connections in and TLS not.',
  },
  tls_broken: {
    what: 'the connection broke during the TLS handshake',
    advice: 'A firewall may cut TLS to this address; or the PMS wants a client certificate (pms.cert_file).',
  },
  tls_protocol: {
    what: 'what answers speaks no TLS this gateway can use',
    advice: `Check the port in pms.url. The PMS needs TLS 1.2 or newer; it may want a client certificate (pms.cert_file).`,
  },
  heartbeat_timeout: {
    what: 'no answer to the heartbeat in time',
    advice: `The connection stands and nothing comes back. ${ASK_PMS} whether it is overloaded; restart the router if not.`,
  },
  heartbeat_broken: {
    what: 'the connection broke during the heartbeat',
    advice: `A firewall may cut connections; or the PMS wants a client certificate (pms.cert_file). ${ASK_PMS}.`,
  },
  token_refused: {
    what: "the PMS is there and does not accept this gateway's token",
    advice: 'Put a valid token into pms.token_file; it is read again by itself.',
  },
  token_forbidden: {
    what: 'the PMS is there and knows the token, but forbids this gateway what it asks for',
    advice: `${ASK_PMS} to give this gateway's token the right to sync.`,
  },
  filtered: {
    what: 'a web page forbids the way to the PMS',
    advice: `Have pms.url allowed in the firewall or web filter. If the page is the PMS's own, the token lacks a right: ${ASK_PMS.toLowerCase()}.`,
  },
  redirected: {
    what: 'what answers sends us to another address; that is never followed',
    advice: 'Look for a login page of the provider; if the PMS has moved, write its new address into pms.url.',
  },
  portal_page: {
    what: 'a web page answers in place of the PMS',
    advice: 'Look for a login page of the provider (open any http:// page from the store); check pms.url.',
  },
  not_a_pms: {
    what: 'something that is no PMS answered',
    advice: 'Check the address and the path in pms.url.',
  },
  no_ping: {
    what: 'what answers knows no heartbeat',
    advice: 'Check the path in pms.url: the heartbeat is looked for at /api/v1/inventory/ping behind it.',
  },
  answer_too_large: {
    what: 'the answer to the heartbeat is far too long for a PMS',
    advice: 'Look for a login page of the provider; check pms.url.',
  },
  pms_busy: {
    what: 'the PMS is there and asks to wait',
    advice: `Nothing to do here; it is asked again later. If it lasts, ${ASK_PMS.toLowerCase()}.`,
  },
  pms_error: { what: 'the PMS is there and reports an error of its own', advice: `${ASK_PMS}; nothing is wrong here.` },
  http_status: { what: 'the PMS gave an answer that is none', advice: `Check pms.url; ${ASK_PMS.toLowerCase()}.` },
  below_failed: {
    what: 'records wait because a layer below fails',
    advice: 'Mend the lowest layer that fails; records follow by themselves.',
  },
  no_receipt: {
    what: 'records wait and the PMS gives no answer to them, though it answers the heartbeat',
    advice:
      'A connection may hang half open: restart the router. If that does not help, the PMS takes records in too slowly.',
  },
  records_unanswered: {
    what: 'records were sent and no answer came in time, though the heartbeat is answered',
    advice: `A connection may hang half open: restart the router. If that does not help, ${ASK_PMS.toLowerCase()}.`,
  },
  answers_prove_nothing: {
    what: 'records are answered with something that names neither key nor hash',
    advice: 'Look for a login page or proxy of the provider that answers in place of the PMS; check pms.url.',
  },
  records_refused: {
    what: 'the PMS does not take the records it is sent',
    advice: `${ASK_PMS} what changed; the gateway keeps everything.`,
  },
  no_service: {
    what: 'nobody takes records at pms.url',
    advice: 'Check the path in pms.url: records go to /api/v1/transactions/sync behind it.',
  },
  places_differ: {
    what: 'the PMS and this gateway do not agree where the stream stands',
    advice: `${ASK_PMS} whether it was restored from a backup; keep this box as it is.`,
  },
  delivery_failed: {
    what: 'sending records fails',
    advice: `Look at the sync checks; ${ASK_PMS.toLowerCase()}.`,
  },
  stopped: { what: 'the probe was stopped', advice: 'Wait for the next heartbeats.' },
} as const satisfies Record<string, FaultWords>;

export type FaultCode = keyof typeof FAULTS;

/** A fault that was found; its message is the sentence for an operator. */
export class LinkFault extends Error {
  readonly fault: FaultCode;

  /** `detail` is put in brackets behind the sentence: what the other side or the system said. Never record data. */
  constructor(fault: FaultCode, detail: string | null = null) {
    super(detail === null ? FAULTS[fault].what : `${FAULTS[fault].what} (${detail})`);
    this.name = 'LinkFault';
    this.fault = fault;
  }
}

const BY_CODE: Readonly<Record<string, FaultCode>> = {
  ENOTFOUND: 'name_not_found',
  ENODATA: 'name_not_found',
  EAI_AGAIN: 'name_server_silent',
  ECONNREFUSED: 'connection_refused',
  EHOSTUNREACH: 'no_route',
  ENETUNREACH: 'no_route',
  ENETDOWN: 'no_route',
  ETIMEDOUT: 'connect_timeout',
  UND_ERR_CONNECT_TIMEOUT: 'connect_timeout',
  CERT_HAS_EXPIRED: 'certificate_expired',
  CERT_NOT_YET_VALID: 'certificate_not_yet_valid',
  ERR_TLS_CERT_ALTNAME_INVALID: 'certificate_wrong_host',
  HOSTNAME_MISMATCH: 'certificate_wrong_host',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'certificate_self_signed',
  SELF_SIGNED_CERT_IN_CHAIN: 'certificate_unknown_ca',
  UNABLE_TO_GET_ISSUER_CERT: 'certificate_unknown_ca',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'certificate_unknown_ca',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'certificate_unknown_ca',
  CERT_UNTRUSTED: 'certificate_unknown_ca',
};

/** What OpenSSL's verification says that none of the above is: chain, purpose, signature, revocation. */
const CERTIFICATE_TROUBLE = /^(CERT_|CRL_|INVALID_|UNABLE_|ERROR_IN_CERT|PATH_LENGTH)/;
/** Alerts by which the other side turns our certificate down (RFC 8446 section 6.2), as OpenSSL names them. */
const CLIENT_ALERT = /alert[ _].*(certificate|unknown[ _]ca|access[ _]denied)/i;
const TLS_TROUBLE = /^(ERR_SSL_|EPROTO$)/;

/** The fault behind an error of a socket, of TLS or of the HTTP client; `otherwise` for what has no code of its own. */
export function faultOf(error: unknown, otherwise: FaultCode): LinkFault {
  if (error instanceof LinkFault) return error;
  const text = messageOf(error);
  const code = codeOf(error) ?? '';
  const named = BY_CODE[code];
  if (named !== undefined) return new LinkFault(named, code);
  if (CERTIFICATE_TROUBLE.test(code)) return new LinkFault('certificate_rejected', code);
  if (!TLS_TROUBLE.test(code)) return new LinkFault(otherwise, code === '' ? firstLine(text) : code);
  // OpenSSL's own text: "…:error:0A000410:SSL routines:ssl3_read_bytes:tlsv1 alert unknown ca:…"
  const said = /SSL routines:[^:]*:([^:\n]+)/.exec(text)?.[1] ?? code;
  return new LinkFault(
    CLIENT_ALERT.test(said) || CLIENT_ALERT.test(code) ? 'client_certificate_refused' : 'tls_protocol',
    said,
  );
}

/** Several addresses give an AggregateError; the first one's code speaks for all. */
function codeOf(error: unknown): string | null {
  if (!(error instanceof Error)) return null;
  if ('code' in error && typeof error.code === 'string') return error.code;
  if (error instanceof AggregateError) return codeOf(error.errors[0]);
  return codeOf(error.cause);
}

function firstLine(text: string): string {
  return text.split('\n', 1).join().slice(0, 120);
}
