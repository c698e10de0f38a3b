/** The operations of training, for the control socket. */
import { z } from 'zod';
import { toUtcText } from '../../base/clock.ts';
import { type Operations, operation } from '../../base/socket/operations.ts';
import type { LaneTraining } from '../../buffer/api.ts';
import { isTopicName } from '../../record/lane-wire.ts';
import { MAX_TRAINING_HOURS, type TrainingLanes } from './lanes.ts';

const lane = z.string().refine(isTopicName);
const putParams = z.strictObject({ lane, hours: z.number().positive().max(MAX_TRAINING_HOURS) });
const endParams = z.strictObject({ lane });

/** Every operation answers with the lanes that are in training then. */
export const trainingResult = z.object({ lanes: z.array(z.object({ lane: z.string(), until_utc: z.string() })) });

export function trainingOperations(training: TrainingLanes): Operations {
  const answer = () => ({ lanes: training.list().map(wireTraining) });
  return {
    'training.list': operation(z.strictObject({}), answer),
    'training.put': operation(putParams, async ({ lane, hours }) => {
      await training.put(lane, hours);
      return answer();
    }),
    'training.end': operation(endParams, async ({ lane }) => {
      await training.end(lane);
      return answer();
    }),
  };
}

function wireTraining({ lane, untilMs }: LaneTraining) {
  return { lane, until_utc: toUtcText(untilMs) };
}
