/** `counterfoil report sign ID`: a person puts their name, the time and what they mean under a report. */
import { hash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Command } from 'commander';
import { z } from 'zod';
import { systemClock, toUtcText } from '../../base/clock.ts';
import { type Config, findConfigFile, loadConfig } from '../../base/config/load.ts';
import { readSecretFile } from '../../base/config/secrets.ts';
import { CounterfoilError } from '../../base/errors.ts';
import { callGateway } from '../../control/client.ts';
import { signedResult } from '../../control/report-sign.ts';
import { signerResult } from '../../control/review/words.ts';
import { reportStatementText } from '../../record/report-statement.ts';
import type { StoredReport } from '../../reports/api.ts';
import { FIGURES_FILE } from '../../reports/sign/sign-report.ts';
import { makeEdition, newestEdition } from '../reports/edition.ts';
import { signerFor } from '../reports/signer.ts';
import { reportsDirectory, taskOf } from '../reports/task.ts';
import type { CommandIo } from './io.ts';
import type { Person } from './person.ts';
import { confirmAct, openSigningKey, signText, textToSign } from './signing.ts';

interface SignFlags {
  readonly config?: string;
  readonly key?: string;
  readonly kid?: string;
  readonly passphraseFile?: string;
  readonly user?: string;
  readonly passwordFile?: string;
  readonly code?: string;
  readonly meaning: string;
  readonly yes?: true;
  readonly json?: boolean;
}

export function reportSign(io: CommandIo, person: Person): Command {
  return new Command('sign')
    .description('sign a report as a person: with a key of the roster, or as a named user')
    .argument('<id>', 'name of the report, as "report list" shows it')
    .requiredOption(
      '--meaning <text>',
      'what the signature means, in your words: reviewed, approved …; no patient data',
    )
    .option('--key <file>', 'private key (PEM) of the signer')
    .option('--kid <name>', 'its name in the roster')
    .option('--passphrase-file <file>', 'file with its passphrase (default: asked for)')
    .option('--user <name>', 'sign as this named user, with password and code')
    .option('--password-file <file>', 'file with the password (default: asked for)')
    .option('--code <digits>', 'code of the authenticator')
    .option('--config <file>', "the gateway's configuration file")
    .option('--yes', 'do not ask for confirmation')
    .option('--json', 'the new edition’s manifest as JSON')
    .action(async (id: string, flags: SignFlags) => {
      const config = loadConfig({ file: flags.config ?? findConfigFile(io.env), env: io.env });
      const base = newestEdition(reportsDirectory(config), id);
      person.tell(`${base.manifest.title}\n${join(base.folder, 'report.pdf')}\nmeaning: ${flags.meaning}\n`);
      await confirmAct(flags, person);
      const signed = await sign(config, base, flags, person);
      const { manifest, folder } = await newEdition(config, base, signed, person);
      await callGateway(config.dataDir, 'report.made', {}, z.object({}));
      const text = `${signed.printed_name} has signed; with the signature on every page form it is ${manifest.id}\n${folder}\n`;
      io.write(flags.json === true ? `${JSON.stringify({ ...manifest, folder })}\n` : text);
    });
}

type Signed = z.infer<typeof signedResult>;

async function sign({ dataDir }: Config, base: StoredReport, flags: SignFlags, person: Person): Promise<Signed> {
  const id = base.manifest.id.replace(/-s\d+$/, '');
  const { meaning, user, key: keyFile, kid, passphraseFile } = flags;
  if (user !== undefined) {
    const password =
      flags.passwordFile === undefined
        ? await person.secret(`Password of ${user}: `)
        : readSecretFile(flags.passwordFile);
    const params = { id, meaning, user, password, code: flags.code ?? null };
    return await callGateway(dataDir, 'report.sign', params, signedResult);
  }
  if (keyFile === undefined || kid === undefined) {
    const hint = 'Write --user NAME for a named user, or --key FILE and --kid NAME for a key of the roster.';
    throw new CounterfoilError('usage', 'who signs?', hint);
  }
  const { printed_name: printedName, gateway_id: gatewayId } = await callGateway(
    dataDir,
    'review.signer',
    { kid },
    signerResult,
  );
  const key = await openSigningKey(
    { key: keyFile, ...(passphraseFile === undefined ? {} : { passphraseFile }) },
    person,
  );
  const signedAtUtc = toUtcText(systemClock.utcMs());
  const figuresHash = hash('sha256', readFileSync(join(base.folder, FIGURES_FILE)), 'base64');
  const claim = { reportId: id, gatewayId, figuresHash, printedName, signedAtUtc, meaning };
  const signature = signText(
    textToSign(() => reportStatementText(claim)),
    key,
    kid,
  );
  const params = { id, meaning, printed_name: printedName, signed_at_utc: signedAtUtc, signature };
  return await callGateway(dataDir, 'report.sign', params, signedResult);
}

async function newEdition(config: Config, base: StoredReport, signed: Signed, person: Person): Promise<StoredReport> {
  const task = taskOf(config, base.manifest.kind, base.manifest.window, null);
  const signature = {
    printedName: signed.printed_name,
    signedAtUtc: signed.signed_at_utc,
    meaning: signed.meaning,
    keyId: signed.key_id,
    figuresHash: signed.figures_hash,
    signature: signed.signature,
  };
  const edition = await makeEdition(reportsDirectory(config), base, signature, await signerFor(task));
  const { unsigned } = edition.manifest;
  if (unsigned !== null) person.tell(`the gateway could not seal it: ${unsigned.message}\nhint: ${unsigned.hint}\n`);
  return edition;
}
