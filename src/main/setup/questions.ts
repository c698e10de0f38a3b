/**
 * What `counterfoil setup` asks, in order. Each question is an option of the command too, so that a script answers the same
 * ones; what an answer means is settings of the configuration, which alone says whether it is any good.
 */

/** Answers so far by the name of their question. An empty one leaves a setting to its default. */
export type Answers = Readonly<Record<string, string>>;

/** Settings by their dotted name, as they are written to the file. */
export type SettingsByName = Readonly<Record<string, unknown>>;

export interface Question {
  /** As in its option: `pms-url`. */
  readonly name: string;
  /** The option's argument. */
  readonly argument: string;
  readonly text: string;
  /** Closed list of answers. */
  readonly choices?: readonly string[];
  /** Taken where nobody says anything else; null: somebody has to. */
  readonly fallback: (answers: Answers) => string | null;
  readonly applies?: (answers: Answers) => boolean;
  readonly settings: (answer: string) => SettingsByName;
}

const one = (key: string) => (answer: string) => ({ [key]: answer });
const none = () => '';
const isTls = (key: string) => (answers: Answers) => answers[key] === 'tls';
const isProduction = ({ production }: Answers) => production === 'yes';

const LISTENERS: Readonly<Record<string, string>> = {
  local: 'mqtt://127.0.0.1:1883',
  tls: 'mqtts://0.0.0.0:8883',
};

export const QUESTIONS: readonly Question[] = [
  {
    name: 'store',
    argument: 'number',
    text: 'Number of the store, as in its topics',
    fallback: () => null,
    settings: one('gateway.store'),
  },
  {
    name: 'store-name',
    argument: 'text',
    text: 'Name of the store, for screens and reports',
    fallback: none,
    settings: one('gateway.name'),
  },
  {
    name: 'dea-registration',
    argument: 'number',
    text: 'DEA registration of the store',
    fallback: none,
    settings: one('gateway.dea_registration'),
  },
  {
    name: 'time-zone',
    argument: 'zone',
    text: 'Time zone of the store',
    fallback: () => new Intl.DateTimeFormat('en').resolvedOptions().timeZone,
    settings: one('gateway.time_zone'),
  },
  {
    name: 'production',
    argument: 'yes|no',
    text: 'Is this a store at work (refuse whatever is missing)',
    choices: ['yes', 'no'],
    fallback: () => 'no',
    settings: (answer) => ({ production: answer === 'yes' }),
  },
  {
    name: 'data-dir',
    argument: 'directory',
    text: 'Directory of the buffer',
    fallback: () => './data',
    settings: one('data_dir'),
  },
  {
    name: 'pms-url',
    argument: 'url',
    text: 'Address of the PMS',
    fallback: (answers) => (isProduction(answers) ? null : 'http://127.0.0.1:8090'),
    settings: one('pms.url'),
  },
  {
    name: 'pms-token-file',
    argument: 'file',
    text: 'File with the token of the PMS, if it is there already',
    fallback: none,
    settings: one('pms.token_file'),
  },
  {
    name: 'pms-ca-file',
    argument: 'file',
    text: "The PMS's own certificate authority (PEM), if it has one",
    applies: (answers) => (answers['pms-url'] ?? '').startsWith('https:'),
    fallback: none,
    settings: one('pms.ca_file'),
  },
  {
    name: 'lanes',
    argument: 'local|tls',
    text: 'Tills on this machine alone, or over the network with TLS and certificates of this gateway',
    choices: ['local', 'tls'],
    fallback: (answers) => (isProduction(answers) ? 'tls' : 'local'),
    settings: (answer) => ({ 'mqtt.listen': [{ url: LISTENERS[answer] ?? answer }] }),
  },
  {
    name: 'server-name',
    argument: 'name',
    text: 'Name or address by which tills know this box, beside its host name',
    applies: isTls('lanes'),
    fallback: none,
    settings: (answer) => ({ 'lanes.server_names': [answer] }),
  },
  {
    name: 'screens',
    argument: 'local|tls',
    text: 'Screens on this machine alone, or over the network with TLS',
    choices: ['local', 'tls'],
    fallback: () => 'local',
    settings: (answer) => ({ 'http.url': answer === 'tls' ? 'https://0.0.0.0:8443' : 'http://127.0.0.1:8080' }),
  },
  {
    name: 'http-cert-file',
    argument: 'file',
    text: 'Certificate of the screens (PEM)',
    applies: isTls('screens'),
    fallback: () => null,
    settings: one('http.cert_file'),
  },
  {
    name: 'http-key-file',
    argument: 'file',
    text: 'Its private key (PEM)',
    applies: isTls('screens'),
    fallback: () => null,
    settings: one('http.key_file'),
  },
  {
    name: 'second-factor',
    argument: 'optional|required',
    text: 'Second factor of people who log in',
    choices: ['optional', 'required'],
    fallback: (answers) => (isProduction(answers) ? 'required' : 'optional'),
    settings: one('people.second_factor'),
  },
  {
    name: 'signature',
    argument: 'optional|required',
    text: 'A Schedule II record that its pharmacist has not signed: send it flagged (optional), or hold it (required)',
    choices: ['optional', 'required'],
    fallback: (answers) => (isProduction(answers) ? null : 'optional'),
    settings: one('schedule_two.signature'),
  },
  {
    name: 'roster-file',
    argument: 'file',
    text: 'Roster of signing keys ("counterfoil roster keygen" starts one)',
    fallback: ({ signature }) => (signature === 'required' ? null : ''),
    settings: one('schedule_two.roster_file'),
  },
  {
    name: 'recovery-key-file',
    argument: 'file',
    text: 'Recovery public key (PEM), by which a dead box can be read',
    fallback: (answers) => (isProduction(answers) ? null : ''),
    settings: one('recovery.public_key_file'),
  },
  {
    name: 'sealer-socket',
    argument: 'path',
    text: 'Socket of the sealer, which keeps the trail append-only',
    fallback: (answers) => (isProduction(answers) ? '/run/counterfoil-sealer/sealer.sock' : ''),
    settings: one('trail.sealer_socket'),
  },
  {
    name: 'trail-dir',
    argument: 'directory',
    text: 'Directory of the trail, on its own append-only partition if there is one',
    fallback: none,
    settings: one('trail_dir'),
  },
  {
    name: 'ntp-server',
    argument: 'name',
    text: 'Time server the clock is measured against',
    fallback: none,
    settings: (answer) => ({ 'clock.ntp_servers': [answer] }),
  },
];
