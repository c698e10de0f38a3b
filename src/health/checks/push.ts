/** Whether the NOC hears from this gateway, where it is told by summaries. It endangers no record, so it never fails the gateway. */
import { PUSH_FAULTS } from '../push/post.ts';
import { type Checker, span, verdict } from './check.ts';

export const pushChecks: Checker = ({ nowMs, push }) => {
  if (push === null) return [];
  const { fault } = push;
  return [
    {
      name: 'push:summaries',
      componentType: 'component',
      observedValue: fault?.code ?? 'ok',
      ...verdict(
        fault !== null && {
          status: 'warn',
          output: `Nobody has taken summaries of health for ${span(nowMs - fault.sinceMs)} (${fault.detail}); they are kept and go out later. ${PUSH_FAULTS[fault.code]}`,
        },
      ),
    },
  ];
};
