/**
 * What lanes and gateway say to each other as AsyncAPI 3.0, generated from the schemas by which both check it. Published as
 * `docs/openapi/lanes.asyncapi.yaml`. The application it describes is the gateway: it receives records and sends receipts.
 */
import { stringify } from 'yaml';
import { z } from 'zod';
import {
  receiptSchema,
  receiptsTopic,
  recordsTopic,
  statusSchema,
  statusTopic,
  trainingTopic,
} from '../../record/lane-wire.ts';
import { recordJsonSchema } from '../../record/schema.ts';

/** Version of the contract, not of the program: it changes when something a lane can see does. */
const CONTRACT_VERSION = '1.0.0';

const OVERVIEW = `\
MQTT 3.1.1, clean sessions, no wills and no wildcards. A lane publishes records with QoS 1; the PUBACK comes after the commit,
and the receipt says what became of the record. No PUBACK within 5 s: keep the record and send the same bytes again after 5 to
60 s with full jitter, on the same or a new connection. Sending again is always safe. Keep each record until its receipt
says \`synced\` or \`resolved\`; when \`epoch\` changes, send everything kept again. Ignore members you do not know.`;

const NAME_RULE = '1 to 64 of `A-Z a-z 0-9 _ -`.';
const PARAMETERS = {
  store: { description: `The store (\`gateway.store\`). ${NAME_RULE}` },
  lane: { description: `The lane; with a client certificate its common name. ${NAME_RULE}` },
};
const [STORE, LANE] = ['STORE', 'LANE'];
const address = (topic: string) => topic.replace(STORE, '{store}').replace(LANE, '{lane}');

interface Channel {
  readonly topic: string;
  readonly description: string;
  readonly message: 'record' | 'receipt' | 'status';
}

const CHANNELS = {
  records: { topic: recordsTopic(STORE, LANE), description: 'Records of this lane, in order.', message: 'record' },
  training: {
    topic: trainingTopic(STORE, LANE),
    description: 'Practice records, only while the lane is in training. Nothing of them is sent on.',
    message: 'record',
  },
  receipts: {
    topic: receiptsTopic(STORE, LANE),
    description: 'Receipts of this lane; later ones (`synced`, `resolved`, …) go to whoever listens then.',
    message: 'receipt',
  },
  status: {
    topic: statusTopic(STORE),
    description: 'The state of the gateway, retained; at each change and every 15 s. No record data.',
    message: 'status',
  },
} as const satisfies Record<string, Channel>;
type ChannelName = keyof typeof CHANNELS;

function channel({ topic, description, message }: Channel): object {
  const { store, lane } = PARAMETERS;
  return {
    address: address(topic),
    description,
    messages: { [message]: { $ref: `#/components/messages/${message}` } },
    parameters: topic.includes(LANE) ? { store, lane } : { store },
  };
}

function operation(action: 'receive' | 'send', name: ChannelName, summary: string, more: object = {}): object {
  return { action, channel: { $ref: `#/channels/${name}` }, summary, messages: [messageIn(name)], ...more };
}

function messageIn(name: ChannelName): object {
  return { $ref: `#/channels/${name}/messages/${CHANNELS[name].message}` };
}

const mqtt = (qos: 0 | 1, retain: boolean) => ({ bindings: { mqtt: { qos, retain, bindingVersion: '0.2.0' } } });
const ANSWERED = {
  ...mqtt(1, false),
  reply: { channel: { $ref: '#/channels/receipts' }, messages: [messageIn('receipts')] },
};

/** A Schema Object is of draft 07. What the gateway writes may have more members one day. */
function payload(schema: z.ZodType): object {
  const { $schema: _dialect, ...rules } = z.toJSONSchema(schema, {
    target: 'draft-7',
    override: ({ jsonSchema }) => {
      if (jsonSchema.additionalProperties === false) delete jsonSchema.additionalProperties;
      delete jsonSchema.readOnly;
    },
  });
  return rules;
}

/** The document as an object, complete in itself. */
export function lanesAsyncApi(): Record<string, unknown> {
  return {
    asyncapi: '3.0.0',
    info: {
      title: 'Counterfoil: what lanes and a gateway say to each other',
      version: CONTRACT_VERSION,
      description: OVERVIEW,
      license: { name: 'Apache-2.0' },
    },
    defaultContentType: 'application/json',
    servers: {
      gateway: {
        host: '{gateway}',
        protocol: 'mqtt',
        protocolVersion: '3.1.1',
        description: 'An address of `mqtt.listen`; with TLS `mqtts`, and then with a client certificate for each lane.',
        variables: { gateway: { default: '127.0.0.1:1883' } },
        bindings: { mqtt: { cleanSession: true, bindingVersion: '0.2.0' } },
      },
    },
    channels: Object.fromEntries(Object.entries(CHANNELS).map(([name, each]) => [name, channel(each)])),
    operations: {
      takeRecord: operation('receive', 'records', 'Take a record: stored before it is acknowledged.', ANSWERED),
      takePractice: operation('receive', 'training', 'Take a practice record.', ANSWERED),
      tellReceipt: operation('send', 'receipts', 'Tell what became of a record.', mqtt(1, false)),
      tellStatus: operation('send', 'status', 'Tell every lane how things are.', mqtt(1, true)),
    },
    components: {
      messages: {
        record: {
          title: 'Record',
          summary: 'One pharmacy event, at most 64 KiB.',
          payload: { schemaFormat: 'application/schema+json;version=draft-2020-12', schema: recordJsonSchema() },
        },
        receipt: { title: 'Receipt', summary: 'The answer to one publish.', payload: payload(receiptSchema) },
        status: { title: 'Status', summary: 'Epoch, mode, link, storage, clock.', payload: payload(statusSchema) },
      },
    },
  };
}

/** The document as it is published. */
export function lanesAsyncApiYaml(): string {
  const head =
    '# Generated by src/main/contract/write-schema.ts from src/record/lane-wire.ts and schema.ts; a test checks that it is current.\n';
  return head + stringify(lanesAsyncApi(), { lineWidth: 120, blockQuote: 'literal', aliasDuplicateObjects: false });
}
