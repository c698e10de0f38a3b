/**
 * The SNTP packet (RFC 5905 section 7.3, client mode of section 14): 48 bytes, version 4. Pure.
 *
 * Our transmit timestamp is 64 random bits instead of the time: the server only echoes it, so it proves that an answer is
 * to our question, and it tells nobody what our clock says. The real time of sending stays here.
 */

const PACKET_BYTES = 48;
/** No leap warning, version 4, mode 3 (client). */
const CLIENT_HEAD = 0x23;
const MODE_SERVER = 4;
const LEAP_ALARM = 3;
/** From 1900 (NTP's prime epoch, section 6) to 1970. */
const FROM_1900_S = 2_208_988_800;
const ERA_MS = 2 ** 32 * 1000;
/** A source further away than this is unsynchronised itself (MAXDISP, section 7.2). */
const MAX_DISTANCE_MS = 16_000;

export type NtpAnswer =
  | {
      readonly kind: 'time';
      /** UTC: when the server took the request in and let the answer out. */
      readonly receivedMs: number;
      readonly sentMs: number;
      /** How far the server may be from its own source: half its root delay and its root dispersion. */
      readonly distanceMs: number;
      readonly stratum: number;
    }
  /** Kiss-o'-death (section 7.4): four letters such as DENY, RSTR, RATE. */
  | { readonly kind: 'kiss'; readonly code: string }
  /** Not an answer to our question; whoever sent it, go on waiting. */
  | { readonly kind: 'foreign' }
  /** The server says itself that it does not know the time, or makes no sense. */
  | { readonly kind: 'unusable'; readonly why: 'alarm' | 'stratum' | 'distance' | 'no_time' };

/** A request; `nonce` is 8 random bytes. */
export function ntpRequest(nonce: Buffer): Buffer {
  const packet = Buffer.alloc(PACKET_BYTES);
  packet.writeUInt8(CLIENT_HEAD, 0);
  nonce.copy(packet, 40, 0, 8);
  return packet;
}

/**
 * What an answer to the request with this nonce says. Timestamps count from 1900 in eras of 136 years; the era is the one
 * that brings them nearest to `pivotMs` (UTC, such as the date of this release).
 */
export function readNtpAnswer(packet: Buffer, nonce: Buffer, pivotMs: number): NtpAnswer {
  if (packet.length < PACKET_BYTES) return { kind: 'foreign' };
  const head = packet.readUInt8(0);
  const echoed = packet.subarray(24, 32).equals(nonce.subarray(0, 8));
  if ((head & 7) !== MODE_SERVER || !echoed) return { kind: 'foreign' };
  const stratum = packet.readUInt8(1);
  if (stratum === 0) return { kind: 'kiss', code: packet.toString('latin1', 12, 16).replace(/[^A-Z0-9]/g, '') };
  if (head >> 6 === LEAP_ALARM) return { kind: 'unusable', why: 'alarm' };
  if (stratum > 15) return { kind: 'unusable', why: 'stratum' };
  const distanceMs = shortMs(packet, 4) / 2 + shortMs(packet, 8);
  if (distanceMs >= MAX_DISTANCE_MS) return { kind: 'unusable', why: 'distance' };
  const [receivedMs, sentMs] = [timestampMs(packet, 32, pivotMs), timestampMs(packet, 40, pivotMs)];
  if (receivedMs === null || sentMs === null || sentMs < receivedMs) return { kind: 'unusable', why: 'no_time' };
  return { kind: 'time', receivedMs, sentMs, distanceMs, stratum };
}

/** Seconds as 16.16 fixed point. */
function shortMs(packet: Buffer, at: number): number {
  return (packet.readUInt32BE(at) / 2 ** 16) * 1000;
}

/** Seconds as 32.32 fixed point since 1900 as UTC ms; null for 0, which means "not known". */
function timestampMs(packet: Buffer, at: number, pivotMs: number): number | null {
  const [seconds, fraction] = [packet.readUInt32BE(at), packet.readUInt32BE(at + 4)];
  if (seconds === 0 && fraction === 0) return null;
  const ms = (seconds - FROM_1900_S) * 1000 + (fraction / 2 ** 32) * 1000;
  return ms + Math.round((pivotMs - ms) / ERA_MS) * ERA_MS;
}
