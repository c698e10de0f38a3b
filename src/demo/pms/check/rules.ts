/** All rules a PMS is checked by, in the order of the table. */
import type { Rule } from './rule.ts';
import { BODY_RULES } from './rules-body.ts';
import { LIMIT_RULES } from './rules-limits.ts';
import { RECORD_RULES } from './rules-record.ts';
import { SCHEDULE_TWO_RULES } from './rules-schedule-two.ts';
import { ACCEPTED_RULE, STREAM_RULES } from './rules-stream.ts';
import { TRANSPORT_RULES } from './rules-transport.ts';
import { WITNESS_RULES } from './rules-witness.ts';

export const RULES: readonly Rule[] = [
  ...TRANSPORT_RULES,
  ACCEPTED_RULE,
  ...BODY_RULES,
  ...LIMIT_RULES,
  ...STREAM_RULES,
  ...RECORD_RULES,
  ...SCHEDULE_TWO_RULES,
  ...WITNESS_RULES,
];
