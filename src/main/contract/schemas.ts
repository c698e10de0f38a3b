/** The bodies of the gateway's own HTTP API, from the schemas by which it and its command line check them. */
import { z } from 'zod';
import { userActSchema } from '../../control/review/second-signature.ts';
import { subjectSchema, userActResult } from '../../control/review/words.ts';
import { checkpointSchema } from '../../health/checkpoint.ts';
import { diagnosticsSchema } from '../../health/diagnostics.ts';
import { healthAnswerSchema, livenessSchema, readinessSchema } from '../../health/health-answer.ts';
import { gatewayStatusSchema, oldestSchema } from '../../health/status-schema.ts';
import { logInBody, sessionListSchema, viewerSchema } from '../../people/web/words.ts';
import { namedSchemas } from '../../record/named-schemas.ts';

/** Every refusal, whoever gives it. */
const problemSchema = z.object({
  status: z.int().min(400).max(599).meta({ description: 'The HTTP status once more.' }),
  message: z.string().optional().meta({ description: 'What is wrong and what to do, for people.' }),
  fault: z.string().optional().meta({ description: 'Why a log-in failed, for programs.' }),
  code: z.string().optional().meta({ description: 'Why an act failed, for programs.' }),
  hint: z.string().optional().meta({ description: 'What to do about an act that failed, for people.' }),
});

const ANSWERS = {
  Liveness: livenessSchema,
  Readiness: readinessSchema,
  Health: healthAnswerSchema,
  Status: gatewayStatusSchema,
  OldestRecord: oldestSchema,
  Diagnostics: diagnosticsSchema,
  Checkpoints: checkpointSchema,
  Viewer: viewerSchema,
  Sessions: sessionListSchema,
  ActOutcome: userActResult,
  Problem: problemSchema,
};

const REQUESTS = { LogIn: logInBody, Act: userActSchema, ActSubject: subjectSchema };

export type SchemaName = keyof typeof ANSWERS | keyof typeof REQUESTS;

/** `components.schemas` of the document. */
export function gatewaySchemas(): Record<string, object> {
  return { ...namedSchemas(ANSWERS), ...namedSchemas(REQUESTS, 'input') };
}
