/**
 * The few MQTT 3.1.1 packets a lane needs (OASIS MQTT 3.1.1, sections 3.1 to 3.8), and records that look like a till's.
 * Publish packets are built once; per record only a few fixed-width fields are overwritten in place, because the load
 * process shares the machine with the server it measures.
 */

/** Bytes of one record, without topic and MQTT header. */
const RECORD_BYTES = 600;
const KEY_MARK = '????????-????-????-????-????????????';
export const KEY_BYTES = KEY_MARK.length;
const NUMBER_MARK = '##########';
const SERIAL_MARK = '@@@@@@@@@@';
const PATIENT_MARK = '!!!!!!!!-!!!!-!!!!-!!!!-!!!!!!!!!!!!';
/** A JSON number of ten digits: the first in the run of `lane_sequence` numbers keeps that width. */
const LANE_SEQUENCE_MARK = 9_999_999_999;

/**
 * Products in the order lanes cycle through them: a quarter Schedule II, a quarter not controlled. Labels differ as
 * they do in a shop, so that a server that compresses is not flattered.
 */
const PRODUCTS = [
  { ndc: '0406-8552-01', schedule: 'II', quantity: 60, label: 'Take one tablet every six hours as needed for pain' },
  { ndc: '59762-3719-1', schedule: 'IV', quantity: 30, label: 'Take half a tablet at bedtime. May cause drowsiness' },
  { ndc: '0093-1048-01', schedule: 'NONE', quantity: 90, label: 'Take one capsule three times a day with meals' },
  { ndc: '0378-4001-01', schedule: 'IV', quantity: 20, label: 'Dissolve one tablet under the tongue when needed' },
  { ndc: '0591-0349-01', schedule: 'III', quantity: 28, label: 'Apply one patch weekly to dry skin, rotate the site' },
  {
    ndc: '10702-009-01',
    schedule: 'II',
    quantity: 30,
    label: 'One in the morning, do not crush or chew, not at night',
  },
  { ndc: '68180-0513-1', schedule: 'NONE', quantity: 14, label: 'Finish all of this medicine unless told otherwise' },
  { ndc: '0071-1015-68', schedule: 'V', quantity: 45, label: 'Twice daily; do not stop suddenly; avoid driving' },
] as const;

const REMARK = 'Keep away from children, pets and heat. Discard after 2028-01-31.';

/** A publish packet whose changing fields are known by offset. Its owner may change it again only after its PUBACK. */
export interface PublishTemplate {
  readonly packet: Buffer;
  readonly packetIdAt: number;
  readonly keyAt: number;
  readonly laneSequenceAt: number;
  /** Ten-digit prescription number. */
  readonly numberAt: number;
  /** Ten-digit serial number in the scan. */
  readonly serialAt: number;
  /** Opaque patient token, as long as a key. */
  readonly patientAt: number;
}

/** GTIN-14 of a hyphenated ten-digit NDC: indicator 0, prefix 03, modulo 10 check digit (GS1 General Specifications 7.9). */
function gtinOf(ndc: string): string {
  const digits = `003${ndc.replaceAll('-', '')}`;
  const sum = [...digits].reduce((all, digit, place) => all + Number(digit) * (place % 2 === 0 ? 3 : 1), 0);
  return `${digits}${(10 - (sum % 10)) % 10}`;
}

/** A record of a well-equipped till, scan included, filled up with label text to `RECORD_BYTES`. */
function recordText(product: (typeof PRODUCTS)[number], laneInstance: string, dispensedAtUtc: string): string {
  const lot = `L${product.ndc.slice(0, 4)}K${product.quantity}`;
  const gtin = gtinOf(product.ndc);
  const record = {
    schema_version: 1,
    kind: 'DISPENSE',
    idempotency_key: KEY_MARK,
    ndc: product.ndc,
    quantity: product.quantity,
    schedule: product.schedule,
    prescription_id: `RX-${NUMBER_MARK}`,
    fill_number: 1,
    pharmacist_npi: '1234567893',
    prescriber_dea: 'AB1234563',
    patient_ref: PATIENT_MARK,
    dispensed_at_utc: dispensedAtUtc,
    lane_instance: laneInstance,
    lane_sequence: LANE_SEQUENCE_MARK,
    barcode: `]d201${gtin}1728013110${lot}\u001d21${SERIAL_MARK}`,
    label: '',
  };
  const missing = RECORD_BYTES - JSON.stringify(record).length;
  return JSON.stringify({ ...record, label: `${product.label}. ${REMARK}`.slice(0, missing) });
}

/** The cycle of publish packets of one in-flight slot: one per product, QoS 1, sharing the packet id. */
export function publishTemplates(
  topic: string,
  packetId: number,
  laneInstance: string,
  dispensedAtUtc: string,
): PublishTemplate[] {
  return PRODUCTS.map((product) => {
    const payload = Buffer.from(recordText(product, laneInstance, dispensedAtUtc));
    const head = Buffer.concat([textField(topic), Buffer.from([packetId >> 8, packetId & 0xff])]);
    const packet = framed(0x32, Buffer.concat([head, payload]));
    const payloadAt = packet.length - payload.length;
    return {
      packet,
      packetIdAt: payloadAt - 2,
      keyAt: packet.indexOf(KEY_MARK),
      laneSequenceAt: packet.indexOf(String(LANE_SEQUENCE_MARK)),
      numberAt: packet.indexOf(NUMBER_MARK),
      serialAt: packet.indexOf(SERIAL_MARK),
      patientAt: packet.indexOf(PATIENT_MARK),
    };
  });
}

/** Writes `value` as ten decimal digits at `at`; `value` must have ten digits at most. */
export function writeTenDigits(target: Buffer, at: number, value: number): void {
  let rest = value;
  for (let place = at + 9; place >= at; place -= 1) {
    const digit = rest % 10;
    target[place] = 0x30 + digit;
    rest = (rest - digit) / 10;
  }
}

function textField(text: string): Buffer {
  const bytes = Buffer.from(text);
  return Buffer.concat([Buffer.from([bytes.length >> 8, bytes.length & 0xff]), bytes]);
}

function framed(firstByte: number, body: Buffer): Buffer {
  const header = [firstByte];
  let rest = body.length;
  do {
    const low = rest % 128;
    rest = (rest - low) / 128;
    header.push(rest > 0 ? low | 0x80 : low);
  } while (rest > 0);
  return Buffer.concat([Buffer.from(header), body]);
}

/** CONNECT with a clean session and a keep-alive of 60 s. */
export function connectPacket(clientId: string, username: string | null, password: string | null): Buffer {
  const flags = 0x02 | (username === null ? 0 : 0x80) | (password === null ? 0 : 0x40);
  const parts = [textField('MQTT'), Buffer.from([4, flags, 0, 60]), textField(clientId)];
  if (username !== null) parts.push(textField(username));
  if (password !== null) parts.push(textField(password));
  return framed(0x10, Buffer.concat(parts));
}

/** PUBLISH with QoS 1. */
export function publishPacket(topic: string, packetId: number, payload: Buffer): Buffer {
  return framed(0x32, Buffer.concat([textField(topic), Buffer.from([packetId >> 8, packetId & 0xff]), payload]));
}

/** SUBSCRIBE to one topic filter, packet id 65535 (never one of a slot's). */
export function subscribePacket(filter: string, qos: 0 | 1): Buffer {
  return framed(0x82, Buffer.concat([Buffer.from([0xff, 0xff]), textField(filter), Buffer.from([qos])]));
}

/** PUBACK for a QoS 1 message that was delivered to us. */
export function pubackPacket(packetId: number): Buffer {
  return Buffer.from([0x40, 2, packetId >> 8, packetId & 0xff]);
}

export const DISCONNECT_PACKET = Buffer.from([0xe0, 0]);
