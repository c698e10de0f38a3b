/** Signs the small report with the key in a folder and prints the SHA-256 of each file: the same wherever and whenever it runs. */
import { hash, randomBytes } from 'node:crypto';
import { openOwnKey } from '../../src/reports/sign/identity.ts';
import { reportSigner } from '../../src/reports/sign/sign-report.ts';
import { smallReport } from '../reports/small-report.ts';

const [folder = '', atMs = ''] = process.argv.slice(2);
const key = await openOwnKey(folder, { gatewayId: 'gw-0042', nowMs: Number(atMs), random: randomBytes });
const { files } = await reportSigner(key).sign(await smallReport(), Number(atMs));
for (const { name, bytes } of files) process.stdout.write(`${name} ${hash('sha256', bytes, 'hex')}\n`);
