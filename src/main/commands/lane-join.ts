/** `counterfoil lane join` and `lane renew`: on the till. */
import { Command } from 'commander';
import { systemClock } from '../../base/clock.ts';
import { CounterfoilError } from '../../base/errors.ts';
import { certificateHash, enrol, renew } from '../../lane/enrol.ts';
import { type Enrolled, isEnrolled } from '../../lane/enrolled.ts';
import { isRenewalDue } from '../../lane/renewal.ts';
import { parseCode } from '../../pki/enrolment-code.ts';
import type { CommandIo } from './io.ts';

interface JoinFlags {
  readonly identity: string;
  readonly url?: string;
  readonly code?: string;
  readonly invitation?: string;
  readonly again?: true;
  readonly json?: true;
}

/** The sub-commands; failures are thrown as `CounterfoilError`. */
export function joinCommands(io: CommandIo): Command[] {
  const join = new Command('join')
    .description('make this till a lane of a gateway, with the one-time code of "lane enroll"')
    .requiredOption('--identity <folder>', 'where key and certificate are kept; one lane and one till only')
    .option('--url <url>', 'the gateway, such as https://192.0.2.7:8884')
    .option('--code <code>', 'the code; case, hyphens and blanks do not matter')
    .option('--invitation <text>', 'what the QR code says, instead of the two')
    .option('--again', 'replace what is in the folder')
    .option('--json', 'print the result as JSON')
    .action(async (flags: JoinFlags) => await joinGateway(flags, io));
  const renewal = new Command('renew')
    .description('renew the certificate of this till if it is time; a till that publishes does so by itself')
    .requiredOption('--identity <folder>', 'the folder of "lane join"')
    .option('--now', 'also if it is not time yet')
    .option('--json', 'print the result as JSON')
    .action(async ({ identity, now, json }: { identity: string; now?: true; json?: true }) => {
      if (now !== true && !isRenewalDue(identity, systemClock.utcMs())) {
        io.write(json === true ? '{"renewed":false}\n' : 'the certificate is good for a long time yet\n');
        return;
      }
      tell(await renew(identity), json === true, io);
    });
  return [join, renewal];
}

async function joinGateway(flags: JoinFlags, io: CommandIo): Promise<void> {
  const { url, code: text } = flags.invitation === undefined ? flags : readInvitation(flags.invitation);
  if (url === undefined || text === undefined) {
    throw new CounterfoilError('usage', 'which gateway?', 'Give --url and --code, or --invitation.');
  }
  const code = parseCode(text);
  if (code === null) {
    throw new CounterfoilError(
      'usage',
      'this code is mistyped',
      'It has nine groups of five; compare them one by one.',
    );
  }
  if (isEnrolled(flags.identity) && flags.again !== true) {
    throw new CounterfoilError('usage', `${flags.identity} is a lane already`, 'Add --again to replace it.');
  }
  tell(await enrol(flags.identity, { url, code: text, authority: code.authority }), flags.json === true, io);
}

function readInvitation(text: string): { url?: string; code?: string } {
  const [scheme, query] = text.split('?', 2);
  const fields = new URLSearchParams(query ?? '');
  const [url, code] = [fields.get('url'), fields.get('code')];
  if (scheme === 'counterfoil-enroll:' && url !== null && code !== null) return { url, code };
  throw new CounterfoilError('usage', 'that is no invitation', 'Give what the QR code says, or --url and --code.');
}

function tell({ about, certificate }: Enrolled, json: boolean, io: CommandIo): void {
  if (json) io.write(`${JSON.stringify({ ...about, certificate_sha256: certificateHash(certificate) })}\n`);
  else io.write(`lane ${about.lane} of store ${about.store} at ${about.gateway_id}, ${about.mqtt_url}\n`);
}
