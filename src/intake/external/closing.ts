/** Why a connection to the broker ended, in words an operator can act on. */

export type ClosingCode =
  | 'unreachable'
  | 'tls'
  | 'credentials'
  | 'client_id'
  | 'unavailable'
  | 'not_mqtt'
  | 'subscription'
  | 'silent'
  | 'closed_by_broker'
  | 'not_stored'
  | 'stopped';

export interface Closing {
  readonly code: ClosingCode;
  readonly text: string;
}

const TEXT: Readonly<Record<ClosingCode, string>> = {
  unreachable: 'nothing answers at the address of the broker; check intake.external.url and the network',
  tls: 'TLS with the broker failed; check ca_file, the name in its certificate, and cert_file and key_file',
  credentials: 'the broker refused user name, password or certificate; check username, password_file and cert_file',
  client_id: 'the broker refused the client id; check client_id and what the broker allows',
  unavailable: 'the broker says that it cannot serve now',
  not_mqtt: 'what answers is no MQTT 3.1.1 broker; check the port',
  subscription: 'the broker refused a subscription; let this user read pos/{store}/+/records and pos/{store}/status',
  silent: 'the broker gave no sign of life for too long',
  closed_by_broker: 'the broker closed the connection: it ends, refuses something, or the client id came in elsewhere',
  not_stored: 'a record could not be stored here and is left with the broker',
  stopped: 'closed by this gateway',
};

export function closing(code: ClosingCode, detail?: string): Closing {
  return { code, text: detail === undefined ? TEXT[code] : `${TEXT[code]} (${detail})` };
}

/** CONNACK return codes of MQTT 3.1.1, table 3.1. */
export function closingOfConnack(returnCode: number): Closing {
  if (returnCode === 2) return closing('client_id');
  if (returnCode === 3) return closing('unavailable');
  if (returnCode === 4 || returnCode === 5) return closing('credentials');
  return closing('not_mqtt', `CONNACK ${returnCode}`);
}

/** The closing for a socket's error. */
export function closingOfError(error: Error & { readonly code?: string }, wasOpen: boolean): Closing {
  const code = error.code ?? error.message;
  if (/CERT|TLS|SSL|SIGNATURE|ISSUER/.test(code)) return closing('tls', code);
  return closing(wasOpen ? 'closed_by_broker' : 'unreachable', code);
}
