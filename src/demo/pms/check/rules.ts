/** All rules a PMS is checked by, in the order of the table. */
import type { Rule } from './rule.ts';
import { RECORD_RULES } from './rules-record.ts';
import { STREAM_RULES } from './rules-stream.ts';
import { TRANSPORT_RULES } from './rules-transport.ts';

export const RULES: readonly Rule[] = [...TRANSPORT_RULES, ...STREAM_RULES, ...RECORD_RULES];
