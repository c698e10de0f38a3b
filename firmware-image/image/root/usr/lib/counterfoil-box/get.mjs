// Prints what the gateway on this box answers: get.mjs PATH. Ends with 1 when it is not 200.
import { readFileSync } from 'node:fs';
import { get } from 'node:https';

const ca = readFileSync('/etc/counterfoil/tls/gateway.pem');
const url = `https://localhost:8443${process.argv[2]}`;
const request = get(url, { ca, timeout: 5000 }, (response) => {
  response.pipe(process.stdout);
  response.on('end', () => {
    process.exitCode = response.statusCode === 200 ? 0 : 1;
  });
});
request.on('timeout', () => request.destroy(new Error('no answer')));
request.on('error', (error) => {
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
});
