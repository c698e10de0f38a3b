/** What a failed SFTP exchange means. */
import { messageOf } from '../../base/errors.ts';
import { DeliveryFault, type DeliveryFaultCode } from './faults.ts';

export function sftpFault(error: unknown): DeliveryFault {
  if (error instanceof DeliveryFault) return error;
  const text = messageOf(error);
  return new DeliveryFault(codeOf(text, codeIn(error)), text, error);
}

function codeOf(text: string, code: string): DeliveryFaultCode {
  if (/authentication methods failed|Cannot parse privateKey|Encrypted private/i.test(text)) return 'bad_credentials';
  if (/Permission denied|No such file|EACCES|ENOENT/i.test(`${text} ${code}`)) return 'folder_refused';
  // SSH_FX_FAILURE: OpenSSH says no more than this when a disk or quota is full.
  if (/Failure|No space|quota/i.test(text)) return 'no_space';
  return 'unreachable';
}

function codeIn(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : '';
  return typeof code === 'string' ? code : '';
}
