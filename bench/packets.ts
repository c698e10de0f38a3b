/**
 * The few MQTT 3.1.1 packets a lane needs (OASIS MQTT 3.1.1, sections 3.1 to 3.8), and records that look like a till's.
 * Publish packets are built once; per record only a few fixed-width fields are overwritten in place, because the load
 * process shares the machine with the server it measures.
 */

/** Bytes of one record, without topic and MQTT header. */
export const RECORD_BYTES = 600;
const KEY_MARK = '????????-????-????-????-????????????';
export const KEY_BYTES = KEY_MARK.length;
const NUMBER_MARK = '##########';
/** A JSON number of ten digits: the first in the run of `lane_sequence` numbers keeps that width. */
const LANE_SEQUENCE_MARK = 9_999_999_999;

/** Schedules and products in the order lanes cycle through them: a quarter Schedule II, a quarter not controlled. */
const PRODUCTS = [
  { ndc: '0406-8552-01', schedule: 'II', quantity: 60 },
  { ndc: '59762-3719-1', schedule: 'IV', quantity: 30 },
  { ndc: '0093-1048-01', schedule: 'NONE', quantity: 90 },
  { ndc: '0378-4001-01', schedule: 'IV', quantity: 20 },
  { ndc: '0591-0349-01', schedule: 'III', quantity: 28 },
  { ndc: '10702-009-01', schedule: 'II', quantity: 30 },
  { ndc: '68180-0513-1', schedule: 'NONE', quantity: 14 },
  { ndc: '0071-1015-68', schedule: 'V', quantity: 45 },
] as const;
const LABEL = 'TAKE ONE TABLET BY MOUTH EVERY EIGHT HOURS AS NEEDED. MAY CAUSE DROWSINESS. DO NOT DRINK ALCOHOL. ';

/** A publish packet whose changing fields are known by offset. Its owner may change it again only after its PUBACK. */
export interface PublishTemplate {
  readonly packet: Buffer;
  readonly packetIdAt: number;
  readonly keyAt: number;
  readonly laneSequenceAt: number;
  /** Places of the ten-digit number that makes prescription, patient and serial differ. */
  readonly numbersAt: readonly number[];
}

function recordText(product: (typeof PRODUCTS)[number], laneInstance: string, dispensedAtUtc: string): string {
  const record = {
    schema_version: 1,
    kind: 'DISPENSE',
    idempotency_key: KEY_MARK,
    ndc: product.ndc,
    quantity: product.quantity,
    quantity_unit: 'EA',
    schedule: product.schedule,
    prescription_id: `RX-${NUMBER_MARK}`,
    fill_number: 1,
    pharmacist_npi: '1234567893',
    prescriber_dea: 'AB1234563',
    patient_ref: `pt-${NUMBER_MARK}`,
    dispensed_at_utc: dispensedAtUtc,
    lane_instance: laneInstance,
    lane_sequence: LANE_SEQUENCE_MARK,
    lot: 'LT24K017',
    serial: `SN${NUMBER_MARK}`,
    label_text: '',
  };
  const missing = RECORD_BYTES - JSON.stringify(record).length;
  return JSON.stringify({ ...record, label_text: LABEL.repeat(4).slice(0, missing) });
}

function placesOf(haystack: Buffer, needle: string): number[] {
  const places: number[] = [];
  for (let at = haystack.indexOf(needle); at !== -1; at = haystack.indexOf(needle, at + 1)) places.push(at);
  return places;
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
      numbersAt: placesOf(packet, NUMBER_MARK),
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

/** SUBSCRIBE to one topic filter, packet id 65535 (never one of a slot's). */
export function subscribePacket(filter: string, qos: 0 | 1): Buffer {
  return framed(0x82, Buffer.concat([Buffer.from([0xff, 0xff]), textField(filter), Buffer.from([qos])]));
}

/** PUBACK for a QoS 1 message that was delivered to us. */
export function pubackPacket(packetId: number): Buffer {
  return Buffer.from([0x40, 2, packetId >> 8, packetId & 0xff]);
}

export const DISCONNECT_PACKET = Buffer.from([0xe0, 0]);
