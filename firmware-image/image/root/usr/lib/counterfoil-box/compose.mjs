// The box's configuration from the site's: compose.mjs SITE_FILE FOLDER > counterfoil.yaml. What the image decides (where
// data, trail and keys are) is set here; what the site says of anything else stands. FOLDER holds keys and certificates.
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

const { parseDocument } = createRequire('/usr/lib/counterfoil/package.json')('yaml');
const [siteFile, folder] = process.argv.slice(2);
const site = parseDocument(readFileSync(siteFile, 'utf8'));
const certificate = { cert_file: `${folder}/tls/gateway.pem`, key_file: `${folder}/tls/gateway.key` };

const set = (path, value) => site.setIn(path, site.createNode(value));
const unless = (path, value) => {
  if (!site.hasIn(path)) set(path, value);
};

set(['data_dir'], '/var/lib/counterfoil');
set(['trail_dir'], '/var/lib/counterfoil-trail/trail');
set(['trail', 'sealer_socket'], '/run/counterfoil-sealer/sealer.sock');
set(['http'], { url: 'https://0.0.0.0:8443', ...certificate });
unless(
  ['mqtt', 'listen'],
  [{ url: 'mqtts://0.0.0.0:8883', ...certificate, lane_ca_file: `${folder}/tls/lanes-ca.pem` }],
);
for (const [path, file] of [
  [['pms', 'token_file'], 'pms-token'],
  [['pms', 'ca_file'], 'pms-ca.pem'],
  [['recovery', 'public_key_file'], 'recovery.pub.pem'],
  [['schedule_two', 'roster_file'], 'roster.yaml'],
]) {
  if (existsSync(`${folder}/${file}`)) set(path, `${folder}/${file}`);
}
process.stdout.write(String(site));
