/**
 * A signing key that never leaves a PKCS #11 token: a smart card, an HSM, or a TPM behind a module for it. OpenSC's
 * `pkcs11-tool` (Debian package opensc) speaks to the token in a process of its own, so that a fault of a vendor's module
 * cannot touch ours, and no native add-on is needed. What it gives back counts only if the certificate says so.
 */
import { spawn } from 'node:child_process';
import { verify, type X509Certificate } from 'node:crypto';
import { existsSync, readFileSync, rmSync, statSync } from 'node:fs';
import { readSecretFile } from '../../base/config/secrets.ts';
import { replaceDurably } from '../../base/durable.ts';
import { CounterfoilError } from '../../base/errors.ts';
import { certificatesFor, type ReportKey } from './report-key.ts';

const TOOL = 'pkcs11-tool';
const LIMIT_MS = 60_000;
/** Name of the variable that carries the PIN: on the command line every user of the machine could read it. */
const PIN_VARIABLE = 'COUNTERFOIL_TOKEN_PIN';

export interface TokenPlace {
  /** The token's PKCS #11 module, a shared library. */
  readonly module: string;
  /** Label of the token, and of the key in it. */
  readonly token: string;
  readonly key: string;
  readonly pinFile: string;
  /** Where it is noted that a token has refused the PIN: another try with the same one would at last lock it. */
  readonly refusedFile: string;
}

/**
 * A signer with its key in a token. Nothing is asked of the token before the first signature.
 * @throws CounterfoilError `config_invalid` or `config_unreadable`, here or when it signs.
 */
export function openTokenKey(place: TokenPlace, certificatesPem: string): ReportKey {
  const certificates = certificatesFor(certificatesPem);
  const [leaf] = certificates;
  return {
    certificates,
    async sign(data) {
      const signature = await signInToken(place, data);
      if (leaf !== undefined && isOf(leaf, data, signature)) return signature;
      throw unfit(
        'the token signs with another key than that of the certificate',
        'Check reports.signing.pkcs11.key against "pkcs11-tool --list-objects", and reports.signing.certificates_file.',
      );
    },
  };
}

function isOf({ publicKey }: X509Certificate, data: Uint8Array, signature: Uint8Array): boolean {
  return verify('sha256', data, publicKey, signature);
}

async function signInToken(place: TokenPlace, data: Uint8Array): Promise<Buffer> {
  if (!existsSync(place.module)) {
    const hint = 'Install the module of the token, and write where it is into reports.signing.pkcs11.module.';
    throw unfit('the PKCS #11 module is not there', hint);
  }
  const pin = readSecretFile(place.pinFile);
  refuseRefusedPin(place);
  const { code, signature, words } = await runTool(place, pin, data);
  if (code === 0 && signature.length > 0) return signature;
  throw toolFault(place, words);
}

interface ToolAnswer {
  readonly code: number | null;
  readonly signature: Buffer;
  readonly words: string;
}

function runTool({ module, token, key }: TokenPlace, pin: string, data: Uint8Array): Promise<ToolAnswer> {
  const login = ['--module', module, '--token-label', token, '--login', '--pin', `env:${PIN_VARIABLE}`];
  const child = spawn(TOOL, [...login, '--sign', '--mechanism', 'SHA256-RSA-PKCS', '--label', key], {
    env: { ...process.env, LC_ALL: 'C', [PIN_VARIABLE]: pin },
    stdio: ['pipe', 'pipe', 'pipe'],
    timeout: LIMIT_MS,
  });
  const signature: Buffer[] = [];
  const words: Buffer[] = [];
  child.stdout.on('data', (bytes: Buffer) => signature.push(bytes));
  child.stderr.on('data', (bytes: Buffer) => words.push(bytes));
  child.stdin.on('error', () => {}); // a tool that is gone says so by its end
  child.stdin.end(data);
  return new Promise((resolve, reject) => {
    child.once('error', (error) =>
      reject(unfit(`${TOOL} cannot be run`, 'Install it: apt-get install opensc.', error)),
    );
    child.once('close', (code) =>
      resolve({ code, signature: Buffer.concat(signature), words: Buffer.concat(words).toString() }),
    );
  });
}

function toolFault(place: TokenPlace, words: string): CounterfoilError {
  if (words.includes('CKR_PIN_LOCKED')) {
    return unfit('the token is locked', 'Unlock it by its own means, and check reports.signing.pkcs11.pin_file.');
  }
  if (/CKR_PIN_(INCORRECT|INVALID|LEN_RANGE)/.test(words)) {
    replaceDurably(place.refusedFile, `${pinMark(place.pinFile)}\n`);
    return pinRefused();
  }
  if (/No slot|no slot|CKR_TOKEN_NOT_PRESENT/.test(words)) {
    return unfit('the token is not there', 'Plug it in, and check reports.signing.pkcs11.token against its label.');
  }
  if (/[Kk]ey.*not found/.test(words)) {
    return unfit(
      'the key is not in the token',
      'Check reports.signing.pkcs11.key against "pkcs11-tool --list-objects".',
    );
  }
  // A code of the standard at most: what else the module says is not ours to repeat.
  const code = /CKR_[A-Z_]+/.exec(words)?.[0] ?? 'no code';
  return unfit(`the token did not sign (${code})`, 'Try it by hand: pkcs11-tool --module MODULE --login --test.');
}

/** Tokens lock after a few wrong PINs, and reports are made every day: a refused one is not tried again until its file changes. */
function refuseRefusedPin({ refusedFile, pinFile }: TokenPlace): void {
  if (!existsSync(refusedFile)) return;
  if (readFileSync(refusedFile, 'utf8').trim() === pinMark(pinFile)) throw pinRefused();
  rmSync(refusedFile, { force: true });
}

function pinMark(pinFile: string): string {
  const { ino, size, mtimeMs } = statSync(pinFile);
  return `${ino} ${size} ${mtimeMs}`;
}

const pinRefused = (): CounterfoilError =>
  unfit(
    'the token has refused the PIN; it is not tried again, so that the token does not lock',
    'Write the right PIN into reports.signing.pkcs11.pin_file.',
  );

function unfit(message: string, hint: string, cause?: unknown): CounterfoilError {
  return new CounterfoilError('config_invalid', message, hint, cause);
}
