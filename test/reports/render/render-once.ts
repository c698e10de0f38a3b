/** Renders figures in a process of its own and prints the hashes of both pages. */
import { hash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { renderReport } from '../../../src/reports/render/render.ts';

const { html, pdf } = await renderReport(readFileSync(process.argv[2] ?? ''), []);
process.stdout.write(`${hash('sha256', html)} ${hash('sha256', pdf)}`);
