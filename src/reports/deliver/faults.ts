/** Why a report could not be brought to a target: a closed list, each with what an operator reads and what to do. */
import { CodedFault } from '../../base/coded-fault.ts';

interface Words {
  readonly message: string;
  readonly hint: string;
}

export const DELIVERY_FAULTS = {
  bad_credentials: {
    message: 'the server does not take the user name with this password or key',
    hint: 'Put the right one into the secret file; it is read again at every attempt.',
  },
  mailbox_full: {
    message: 'the mailbox at the other end is full',
    hint: 'Have its owner make room. The mail is sent again by itself.',
  },
  too_large: {
    message: 'the mail server takes no mail of this size',
    hint: 'Have its limit raised, or send this kind of report to an SFTP target.',
  },
  recipient_refused: {
    message: 'the mail server refuses a recipient',
    hint: 'Check "to" of this target; ask whoever runs the mail server.',
  },
  refused: {
    message: 'the server refuses the report',
    hint: 'Ask whoever runs the server; its own log says why.',
  },
  host_key_changed: {
    message: 'the SFTP server shows another host key than the one that is pinned, so nothing was sent',
    hint: 'Ask whoever runs it whether its key was changed. Only then write the new fingerprint into host_key.',
  },
  certificate_wrong: {
    message:
      'the mail server shows a certificate that the pinned authority has not issued, or that is not valid, so nothing was sent',
    hint: 'Check ca_file, the host in url and the dates of its certificate; ask whoever runs the server.',
  },
  tls_missing: {
    message: 'the mail server offers no TLS, so nothing was sent',
    hint: 'A report never travels in the clear. Check the port in url; smtps:// is usually 465, smtp:// with STARTTLS 587.',
  },
  unreachable: {
    message: 'the server does not answer',
    hint: 'Check host and port in url, and the network. The report is sent again by itself.',
  },
  folder_refused: {
    message: 'the folder at the SFTP server is not there, or this user may not write into it',
    hint: 'Have it made and opened for this user, or mend "folder" of this target.',
  },
  no_space: {
    message: 'the SFTP server could not store the file; most often its disk or this account is full',
    hint: 'Ask whoever runs it. The report is sent again by itself.',
  },
  altered: {
    message: 'what lies at the server is not what was sent',
    hint: 'It is sent again by itself. If it stays so, ask whoever runs the server.',
  },
  report_damaged: {
    message: 'a file of the report is missing or no longer what it was when the report was made, so it is not sent',
    hint: 'Check the disk. "counterfoil report verify" says more; make the report again with "counterfoil report run".',
  },
  secret_unreadable: {
    message: 'the password, key or authority file of this target cannot be used',
    hint: 'Check that it is there, is the right one, and can be read by the gateway only (mode 0600).',
  },
  target_unknown: {
    message: 'this target is not in the configuration any more',
    hint: 'Put it back, or take what waits for it out with "counterfoil report outbox --drop".',
  },
} as const satisfies Readonly<Record<string, Words>>;

export type DeliveryFaultCode = keyof typeof DELIVERY_FAULTS;

/** Thrown by a target. `detail` is for the log: the other end's words, without anything of the report. */
export class DeliveryFault extends CodedFault<DeliveryFaultCode> {
  constructor(code: DeliveryFaultCode, detail: string, cause?: unknown) {
    super(DELIVERY_FAULTS[code].message, code, detail, cause);
    this.name = 'DeliveryFault';
  }
}
