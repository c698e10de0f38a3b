/** Rarer ways in which a trail is left or altered: several segments that do not count, checkpoints far behind, damage side by side. */
import { createHash } from 'node:crypto';
import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { alter, begunTrail, end, faultsOf, fill, judge, lineOf, logOf, wholeTrail } from './made.ts';
import { lineOf as entryLine, signatureLine } from './trail-maker.ts';

const sumOf = (bytes: Buffer) => createHash('sha256').update(bytes).digest('base64');

describe('segments that do not count', () => {
  /** Segment 1 ends inside its framing line; segment 2 tells of it, and in `o` of segment 0. */
  const twoLost = () => {
    const trail = begunTrail();
    const { audit } = trail;
    fill(audit, 5);
    const valid = audit.segmentBytes;
    audit.raw(Buffer.from('{"b":"torn'));
    audit.end();
    const tail = readFileSync(audit.pathOf(0)).subarray(valid);
    writeFileSync(audit.pathOf(1), '{"k":"seg","r"');
    audit.segment = 1;
    audit.skipTo(14);
    audit.roll({ valid: 0, olds: [[0, valid + tail.length, valid, sumOf(tail)]] });
    fill(audit, 10);
    end(trail);
    return { trail, valid };
  };

  test('are told of by the newest framing line', () => {
    const { trail, valid } = twoLost();
    const verdict = judge(trail, { log: 'audit' });
    expect(faultsOf(verdict)).toEqual([]);
    expect(
      logOf(verdict)
        .segments.map(({ valid_bytes, framing }) => [valid_bytes, framing])
        .slice(0, 2),
    ).toEqual([
      [valid, 'ok'],
      [0, 'torn'],
    ]);
  });

  test('must stay as they were found', () => {
    for (const n of [0, 1]) {
      const { trail } = twoLost();
      alter(trail.audit.pathOf(n), (text) => `${text.slice(0, -1)}#`);
      expect(faultsOf(judge(trail, { log: 'audit' }))).toEqual([
        expect.stringMatching(new RegExp(`^tail_changed ${n}:`)),
      ]);
    }
  });
});

describe('checkpoints', () => {
  test('a checkpoint far behind its size costs a second pass, and is judged all the same', () => {
    const trail = begunTrail();
    const { audit } = trail;
    const note = (text: string) => `${text}\n${signatureLine(audit.origin, audit.key, text)}`;
    const early = note(audit.checkpointText());
    const wrong = note(
      audit.checkpointText().replace(/\n[^\n]{44}\n/, `\n${Buffer.alloc(32, 7).toString('base64')}\n`),
    );
    for (let k = 0; k < 40_000; k += 1) audit.entry('start', {});
    audit.entry('cp', { note: early });
    end(trail);
    expect(judge(trail, { log: 'audit' })).toMatchObject({
      ok: true,
      logs: { audit: { checkpoints: { seen: 1, proven: 1 } } },
    });
    const other = begunTrail();
    for (let k = 0; k < 40_000; k += 1) other.audit.entry('start', {});
    const index = other.audit.entry('cp', { note: wrong });
    other.audit.end();
    const codes = logOf(judge({ ...other, audit }, { log: 'audit', key: audit.key })).faults.map(
      ({ code, index: at }) => `${code} ${at}`,
    );
    expect(codes).toContain(`checkpoint_root ${index}`);
  });

  test('one of more entries than stand before it, and one that is none', () => {
    const trail = begunTrail();
    const { audit } = trail;
    const text = audit.checkpointText().replace(/\n\d+\n/, '\n9\n');
    const ahead = audit.entry('cp', { note: `${text}\n${signatureLine(audit.origin, audit.key, text)}` });
    const none = audit.entry('cp', { note: 'signed, trust me' });
    end(trail);
    const codes = logOf(judge(trail, { log: 'audit' })).faults.map(({ code, index }) => `${code} ${index}`);
    expect(codes).toEqual([`checkpoint_ahead ${ahead}`, `checkpoint_unreadable ${none}`]);
  });
});

test('a smaller checkpoint after a larger one, though its root is right', () => {
  const trail = begunTrail();
  const { audit } = trail;
  const text = audit.checkpointText();
  const early = `${text}\n${signatureLine(audit.origin, audit.key, text)}`;
  fill(audit, 10);
  const index = audit.entry('cp', { note: early });
  end(trail);
  expect(logOf(judge(trail)).faults.map(({ code, index: at }) => `${code} ${at}`)).toEqual([
    `checkpoint_smaller ${index}`,
  ]);
});

describe('damage', () => {
  test('of two entries side by side is told once each, and what follows still holds', () => {
    const trail = wholeTrail();
    const path = trail.audit.pathOf(0);
    const [first, second] = [lineOf(path, 8), lineOf(path, 9)];
    alter(path, (text) =>
      text
        .replace(first.text, first.text.replace('lane-', 'LANE-'))
        .replace(second.text, second.text.replace('lane-', 'LANE-')),
    );
    const verdict = judge(trail, { log: 'audit' });
    expect(faultsOf(verdict)).toEqual([`hash_mismatch 0:${first.offset} #8`, `hash_mismatch 0:${second.offset} #9`]);
    expect(logOf(verdict).checkpoints).toMatchObject({ seen: 4, proven: 4 });
  });

  test('that joins two lines is told where they begin', () => {
    const trail = wholeTrail();
    const path = trail.audit.pathOf(0);
    const { offset, text: line } = lineOf(path, 8);
    alter(path, (text) => text.replace(line, `${line.slice(0, -1)} `));
    expect(faultsOf(judge(trail, { log: 'audit' }))[0]).toBe(`hash_mismatch 0:${offset} #8`);
  });

  test('of the last line is no torn tail', () => {
    const trail = wholeTrail();
    const index = trail.audit.size - 1;
    const { offset } = lineOf(trail.audit.pathOf(1), index);
    alter(trail.audit.pathOf(1), (text) => `${text.slice(0, offset + 60)}#${text.slice(offset + 61)}`);
    expect(faultsOf(judge(trail, { log: 'audit' }))).toEqual([`hash_mismatch 1:${offset} #${index}`]);
  });

  test('a line longer than any entry, at the end of the trail', () => {
    const trail = wholeTrail();
    appendFileSync(trail.audit.pathOf(1), `${'A'.repeat(3_000_000)}\n`);
    expect(faultsOf(judge(trail, { log: 'audit' }))).toEqual([expect.stringMatching(/^line_damaged 1:\d+ #\d+$/)]);
    appendFileSync(trail.audit.pathOf(1), entryLine(trail.audit.text('start', '{}')));
    expect(faultsOf(judge(trail, { log: 'audit' }))).toHaveLength(1);
  });

  test('everywhere is told as a hundred faults and a number', () => {
    const trail = begunTrail();
    fill(trail.audit, 200);
    end(trail);
    alter(trail.audit.pathOf(0), (text) => text.replaceAll('"lane-', '"LANE-'));
    const { faults, faults_total } = logOf(judge(trail, { log: 'audit' }));
    expect([faults.length, faults_total]).toEqual([100, 200]);
  });
});
