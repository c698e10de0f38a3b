import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  afterDelivery,
  afterProbe,
  type Layer,
  type LayerVerdict,
  LINK_LIMITS,
  type LinkState,
  unprobed,
} from '../../src/link/verdict.ts';

const verdict = (layer: Layer, word: LayerVerdict['verdict']): LayerVerdict => ({
  layer,
  verdict: word,
  latencyMs: 1,
  code: null,
  reason: null,
  advice: null,
  atMs: 0,
});
const passes = [verdict('heartbeat', 'ok')];
const misses = [verdict('heartbeat', 'fail')];

/** Runs rounds of `+` (passes), `-` (misses) and `r` (misses, but a receipt came); returns the words after each. */
function words(rounds: string, start: LinkState = unprobed(0)): string[] {
  let state = start;
  return [...rounds].map((round, index) => {
    state = afterProbe(state, round === '+' ? passes : misses, round === 'r', index + 1, LINK_LIMITS);
    return state.link;
  });
}

describe('the word about the link', () => {
  test('the first probe decides at once', () => {
    expect(unprobed(0).link).toBe('DEGRADED');
    expect(words('+')).toEqual(['ONLINE']);
    expect(words('-')).toEqual(['OFFLINE']);
    expect(words('r')).toEqual(['DEGRADED']);
  });

  test('one miss degrades, three in a row are an outage', () => {
    expect(words('+---')).toEqual(['ONLINE', 'DEGRADED', 'DEGRADED', 'OFFLINE']);
  });

  test('one good heartbeat does not end an outage, two do', () => {
    expect(words('-++').slice(1)).toEqual(['DEGRADED', 'ONLINE']);
    expect(words('-+-+-+').slice(1)).toEqual(['DEGRADED', 'DEGRADED', 'DEGRADED', 'DEGRADED', 'DEGRADED']);
  });

  test('receipts prove a PMS that answers no ping', () => {
    expect(words('+rrrrr')).toEqual(['ONLINE', ...Array(5).fill('DEGRADED')]);
    expect(words('-r')).toEqual(['OFFLINE', 'DEGRADED']);
  });

  test('a heartbeat that passes while nothing is delivered is degraded', () => {
    const stuck = [...passes, verdict('delivery', 'fail')];
    const state = afterProbe(unprobed(0), stuck, false, 1, LINK_LIMITS);
    expect(state.link).toBe('DEGRADED');
    expect(afterProbe(state, [...passes, verdict('delivery', 'ok')], false, 2, LINK_LIMITS).link).toBe('ONLINE');
  });

  test('keeps since when it holds, and the layers that were not probed', () => {
    const first = afterProbe(unprobed(0), [verdict('dns', 'ok'), ...passes], false, 10, LINK_LIMITS);
    const second = afterProbe(first, passes, false, 20, LINK_LIMITS);
    expect(second.sinceMs).toBe(10);
    expect(second.layers.dns.verdict).toBe('ok');
    expect(second.layers.tls.reason).toBe('not tried yet');
  });

  test('whatever comes: OFFLINE only after a miss, ONLINE only after a pass, and three misses are always OFFLINE', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom('+', '-', 'r'), { minLength: 3, maxLength: 30 }), (rounds) => {
        const seen = words(rounds.join(''));
        for (const [index, word] of seen.entries()) {
          if (word === 'OFFLINE') expect(rounds[index]).toBe('-');
          if (word === 'ONLINE') expect(rounds[index]).toBe('+');
          if (rounds.slice(Math.max(0, index - 2), index + 1).join('') === '---') expect(word).toBe('OFFLINE');
        }
      }),
    );
  });
});

test('a PMS that turns the token down is there: degraded, never offline', () => {
  const refused: LayerVerdict[] = [{ ...verdict('heartbeat', 'fail'), code: 'token_refused' }];
  let state = afterProbe(unprobed(0), misses, false, 1, LINK_LIMITS);
  expect(state.link).toBe('OFFLINE');
  for (let round = 0; round < 5; round += 1) {
    state = afterProbe(state, refused, false, 2, LINK_LIMITS);
    expect(state.link).toBe('DEGRADED');
  }
});

describe('delivery between two rounds', () => {
  const online = afterProbe(unprobed(0), passes, false, 1, LINK_LIMITS);

  test('degrades the link at once and mends it at once', () => {
    const stuck = afterDelivery(online, verdict('delivery', 'fail'), 5, LINK_LIMITS);
    expect(stuck).toMatchObject({ link: 'DEGRADED', sinceMs: 5, passed: 1 });
    const more = afterProbe(stuck, passes, false, 6, LINK_LIMITS);
    expect(afterDelivery(more, verdict('delivery', 'ok'), 7, LINK_LIMITS)).toMatchObject({
      link: 'ONLINE',
      sinceMs: 7,
    });
  });

  test('decides nothing without a heartbeat', () => {
    const offline = afterProbe(unprobed(0), misses, false, 1, LINK_LIMITS);
    expect(afterDelivery(offline, verdict('delivery', 'fail'), 5, LINK_LIMITS)).toMatchObject({
      link: 'OFFLINE',
      sinceMs: 1,
    });
    expect(afterDelivery(unprobed(0), verdict('delivery', 'fail'), 5, LINK_LIMITS).link).toBe('DEGRADED');
  });
});
