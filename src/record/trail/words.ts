/**
 * The words trail bodies are made of. None of them can hold what a record says: hashes, numbers, names of lanes, people
 * and settings, codes. Whatever is `text` here is our own word, a person's about an act, or the far end's, cut short.
 */
import { z } from 'zod';
import { FLAGS, SCHEDULES, STATES, STREAMS } from '../types.ts';

/** SHA-256, standard base64 with padding. */
export const digest = z.base64().length(44).meta({ trailWord: 'base64' });
/** Any bytes in base64. */
export const bytes = z.base64().max(8192).meta({ trailWord: 'base64' });
/** SHA-256 in hex. */
export const hexDigest = z.hex().length(64).meta({ trailWord: 'hex' });
/** UTC, RFC 3339 with milliseconds. */
export const utc = z.iso.datetime({ precision: 3 }).meta({ trailWord: 'time' });

export const number = z.int().min(0);
/** May be below 0, and is whole. */
export const difference = z.int();
export const sequence = z.int().min(1);
export const utcMs = z.int();
export const flagBits = z
  .int()
  .min(0)
  .max(2 ** FLAGS.length - 1);
export const yesNo = z.boolean();

export const text = (limit: number) => z.string().max(limit);
/** Lane as in its topics. */
export const lane = text(64);
export const code = text(64);
export const word = text(256);

export const state = z.enum(STATES).meta({ trailWord: 'state' });
export const schedule = z.enum(SCHEDULES).meta({ trailWord: 'schedule' });
export const stream = z.enum(STREAMS);
