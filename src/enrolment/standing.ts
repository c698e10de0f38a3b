/** What health is told of lanes: the register's word and what was seen at the door, put together. Pure. */
import type { DoorFacts, LaneStanding, RegisterFacts } from './api.ts';

/** Every lane that is on record or has shown a certificate since the start. */
export function laneStandings(
  { lanes }: Pick<RegisterFacts, 'lanes'>,
  { knocking, shown, twice }: Pick<DoorFacts, 'knocking' | 'shown' | 'twice'>,
): LaneStanding[] {
  const seen = (lane: string) => ({ lane, isTwice: twice.includes(lane), isKnocking: knocking.includes(lane) });
  const listed = lanes.map(({ certificate, lane, state }) => ({
    ...seen(lane),
    state,
    certificate: state === 'revoked' ? null : (shown.get(lane) ?? certificate),
  }));
  const names = new Set(lanes.map(({ lane }) => lane));
  const others = [...shown].flatMap(([lane, certificate]) =>
    names.has(lane) ? [] : [{ ...seen(lane), state: 'chain' as const, certificate }],
  );
  return [...listed, ...others];
}
