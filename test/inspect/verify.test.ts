/** Verify on whole trails, and on trails altered in one place: what is said, and where. */
import { appendFileSync, renameSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { alter, begunTrail, end, faultsOf, fill, judge, lineOf, linesOf, logOf, wholeTrail } from './made.ts';
import { lineOf as entryLine, makeKey, TrailMaker, treeRoot, verifierKey } from './trail-maker.ts';

describe('a whole trail', () => {
  test('holds, with every byte, entry and checkpoint accounted for', () => {
    const trail = wholeTrail();
    const verdict = judge(trail);
    expect(verdict.ok).toBe(true);
    const audit = logOf(verdict);
    expect(audit.faults).toEqual([]);
    expect(audit.entries).toBe(trail.audit.size);
    expect(audit.records).toBe(trail.audit.sequence);
    expect(audit.root).toBe(trail.audit.root().toString('base64'));
    expect(audit.checkpoints).toMatchObject({ seen: 4, proven: 4 });
    expect(audit.segments.map(({ bytes, valid_bytes }) => [bytes, valid_bytes])).toEqual(
      [0, 1].map((n) => [statSync(trail.audit.pathOf(n)).size, statSync(trail.audit.pathOf(n)).size]),
    );
    expect(audit.segments.every(({ framing, framing_logged }) => framing === 'ok' && framing_logged)).toBe(true);
    expect(logOf(verdict, 'schedule_two')).toMatchObject({ entries: trail.scheduleTwo.size, faults_total: 0 });
  });

  test('has the root that the definition of RFC 6962 gives', () => {
    const trail = wholeTrail();
    const leaves = [0, 1]
      .flatMap((n) => linesOf(trail.audit.pathOf(n)).slice(1))
      .map(({ text }) => Buffer.from(text.slice(-45, -1), 'base64'));
    expect(logOf(judge(trail)).root).toBe(treeRoot(leaves).toString('base64'));
  });

  test('holds with the key that signed it, and not with another', () => {
    const trail = wholeTrail();
    expect(judge(trail, { key: trail.audit.key }).ok).toBe(true);
    const codes = logOf(judge(trail, { key: makeKey() })).faults.map(({ code }) => code);
    expect(new Set(codes)).toEqual(new Set(['key_foreign', 'checkpoint_signature', 'nothing_signed']));
  });

  test('goes on under the origin of a new epoch', () => {
    const trail = begunTrail();
    fill(trail.audit, 10);
    const { audit } = trail;
    audit.entry('epoch', { act: 'x', carried: 0, epoch: '2a2a2a2a', predecessor: audit.epoch, reason: 'new_pms' });
    audit.epoch = '2a2a2a2a';
    audit.entry('trail_key', { key: verifierKey(audit.origin, audit.key), origin: audit.origin });
    fill(audit, 10);
    end(trail);
    const verdict = judge(trail);
    expect(verdict.ok).toBe(true);
    expect(logOf(verdict).epochs.map(({ origin }) => origin)).toEqual([
      'gw-0042/1f0c9a77/audit',
      'gw-0042/2a2a2a2a/audit',
    ]);
    expect(logOf(verdict).remarks.map(({ code }) => code)).toContain('new_epoch');
  });

  test('empty files made ready, and files that are none of its own, are told', () => {
    const trail = wholeTrail();
    writeFileSync(trail.audit.pathOf(2), '');
    writeFileSync(join(trail.audit.directory, 'notes.txt'), 'x');
    const verdict = judge(trail);
    expect(verdict.ok).toBe(true);
    expect(logOf(verdict).remarks.map(({ code }) => code)).toEqual(
      expect.arrayContaining(['files_ready', 'files_unknown']),
    );
  });
});

describe('an altered entry', () => {
  test('one byte of it', () => {
    const trail = wholeTrail();
    const path = trail.audit.pathOf(0);
    const { offset } = lineOf(path, 9);
    alter(
      path,
      (text) => text.slice(0, offset + 200) + (text[offset + 200] === 'A' ? 'B' : 'A') + text.slice(offset + 201),
    );
    expect(faultsOf(judge(trail))).toEqual([`hash_mismatch 0:${offset} #9`]);
  });

  test('one byte of its hash: the checkpoints still hold', () => {
    const trail = wholeTrail();
    const path = trail.audit.pathOf(1);
    const { offset, text: line } = lineOf(path, 30);
    const at = offset + line.length - 10;
    alter(path, (text) => text.slice(0, at) + (text[at] === 'A' ? 'B' : 'A') + text.slice(at + 1));
    const verdict = judge(trail);
    expect(faultsOf(verdict)).toEqual([`hash_mismatch 1:${offset} #30`]);
    expect(logOf(verdict).checkpoints.proven).toBe(4);
  });

  test.each([
    ['in a closed segment', 0, 9],
    ['in the last one', 1, 30],
  ])('deleted %s', (_, n, index) => {
    const trail = wholeTrail();
    const path = trail.audit.pathOf(n);
    const { offset, text: line } = lineOf(path, index);
    alter(path, (text) => text.replace(line, ''));
    expect(faultsOf(judge(trail))).toContain(`entries_missing ${n}:${offset} #${index}`);
  });

  test('exchanged with the one behind it', () => {
    const trail = wholeTrail();
    const path = trail.audit.pathOf(0);
    const [first, second] = [lineOf(path, 9), lineOf(path, 10)];
    alter(path, (text) => text.replace(first.text + second.text, second.text + first.text));
    expect(faultsOf(judge(trail))[0]).toBe(`entries_missing 0:${first.offset} #9`);
  });

  test('inserted: a copy of another one', () => {
    const trail = wholeTrail();
    const path = trail.audit.pathOf(1);
    const [copy, place] = [lineOf(path, 28), lineOf(path, 35)];
    alter(path, (text) => text.replace(place.text, copy.text + place.text));
    expect(faultsOf(judge(trail))).toContain(`entry_out_of_order 1:${place.offset} #28`);
  });

  test('inserted: a line of rubbish', () => {
    const trail = wholeTrail();
    const path = trail.audit.pathOf(1);
    const place = lineOf(path, 35);
    alter(path, (text) => text.replace(place.text, `rubbish\n${place.text}`));
    expect(faultsOf(judge(trail))).toEqual([`line_damaged 1:${place.offset} #35`]);
    expect(logOf(judge(trail)).checkpoints.proven).toBe(4);
  });

  test('taken over from the other trail', () => {
    const trail = wholeTrail();
    const path = trail.audit.pathOf(1);
    const place = lineOf(path, 30);
    const foreign = lineOf(trail.scheduleTwo.pathOf(0), 5).text;
    alter(path, (text) => text.replace(place.text, foreign));
    expect(faultsOf(judge(trail))[0]).toBe(`entry_out_of_order 1:${place.offset} #5`);
  });

  test('not in the canonical form', () => {
    const trail = begunTrail();
    const index = trail.audit.entryOf('note', '{"b":1,"a":2}');
    fill(trail.audit, 10);
    end(trail);
    const { offset } = lineOf(trail.audit.pathOf(0), index);
    expect(faultsOf(judge(trail))).toEqual([`entry_malformed 0:${offset} #${index}`]);
  });
});

describe('written anew by somebody with the files', () => {
  test('an edit with the whole chain after it: the first checkpoint behind it tells', () => {
    const trail = begunTrail();
    for (let k = 0; k < 10; k += 1) trail.audit.intake(1);
    const note = trail.audit.checkpoint();
    end(trail);
    // The same trail about other records, and the old checkpoint put back where it was.
    const forged = new TrailMaker(trail.directory, { key: trail.audit.key }).begin();
    forged.sequence = 500;
    for (let k = 0; k < 10; k += 1) forged.intake(1);
    const index = forged.entry('cp', { note });
    forged.end();
    const { offset } = lineOf(forged.pathOf(0), index);
    expect(faultsOf(judge(trail, { log: 'audit' }))).toEqual([`checkpoint_root 0:${offset} #${index}`]);
  });

  test('with another key: contradicted by a checkpoint that a witness kept', () => {
    const trail = begunTrail();
    fill(trail.audit, 10);
    const kept = trail.audit.checkpoint();
    end(trail);
    const forged = new TrailMaker(trail.directory).begin();
    fill(forged, 20);
    forged.end();
    expect(judge(trail, { log: 'audit' }).ok).toBe(true);
    const verdict = judge(trail, { log: 'audit', witnesses: [kept] });
    expect(verdict.witnesses.map(({ verdict: word }) => word)).toEqual(['contradicted']);
    expect(judge(trail, { log: 'audit', key: trail.audit.key }).ok).toBe(false);
  });

  test('records of Schedule II in the trail of the others', () => {
    const trail = begunTrail();
    const index = trail.audit.intake(1, 'II');
    trail.audit.checkpoint();
    end(trail);
    const { offset } = lineOf(trail.audit.pathOf(0), index);
    expect(faultsOf(judge(trail))).toEqual([`wrong_trail 0:${offset} #${index}`]);
  });

  test("a checkpoint of the other trail's", () => {
    const trail = begunTrail();
    const index = trail.audit.entry('cp', { note: trail.scheduleTwo.checkpoint() });
    end(trail);
    expect(faultsOf(judge(trail, { log: 'audit' }))[0]).toMatch(new RegExp(`^wrong_trail 0:\\d+ #${index}$`));
  });
});

describe('segments', () => {
  test('one is missing', () => {
    const trail = begunTrail();
    for (const _ of [1, 2]) {
      fill(trail.audit, 5);
      trail.audit.roll();
    }
    fill(trail.audit, 5);
    end(trail);
    rmSync(trail.audit.pathOf(1));
    expect(faultsOf(judge(trail))[0]).toMatch(/^segment_missing 1:null/);
  });

  test('the first is missing', () => {
    const trail = wholeTrail();
    rmSync(trail.audit.pathOf(0));
    expect(faultsOf(judge(trail))[0]).toMatch(/^segment_missing 0:null/);
  });

  test('all of a trail is taken away: only the numbers of its records are left to tell, or its folder is missed', () => {
    const trail = begunTrail();
    for (let k = 0; k < 5; k += 1) {
      trail.audit.intake(2);
      trail.scheduleTwo.sequence = trail.audit.sequence;
      trail.scheduleTwo.intake(1);
      trail.audit.sequence = trail.scheduleTwo.sequence;
    }
    trail.audit.intake(1);
    end(trail);
    expect(logOf(judge(trail)).remarks.map(({ code }) => code)).not.toContain('records_missing');
    rmSync(trail.scheduleTwo.pathOf(0));
    const verdict = judge(trail);
    expect(verdict.ok).toBe(true);
    expect(logOf(verdict).remarks.at(-1)).toMatchObject({
      code: 'records_missing',
      message: expect.stringContaining('tell of 11 of these 16'),
    });
    expect(logOf(verdict, 'schedule_two').remarks.map(({ code }) => code)).toEqual(['no_segments']);
    rmSync(trail.scheduleTwo.directory, { recursive: true });
    expect(faultsOf(judge(trail), 'schedule_two')).toEqual(['segment_missing 0:null #null']);
  });

  test('two have changed places', () => {
    const trail = wholeTrail();
    renameSync(trail.audit.pathOf(0), trail.audit.pathOf(9));
    renameSync(trail.audit.pathOf(1), trail.audit.pathOf(0));
    renameSync(trail.audit.pathOf(9), trail.audit.pathOf(1));
    expect(faultsOf(judge(trail))).toContain('framing_misplaced 0:0 #null');
  });

  test('a closed one is cut', () => {
    const trail = wholeTrail();
    const path = trail.audit.pathOf(0);
    const size = statSync(path).size;
    truncateSync(path, size - 10);
    expect(faultsOf(judge(trail))[0]).toBe(`segment_cut 0:${size - 10} #null`);
  });

  test('bytes are added to a closed one', () => {
    const trail = wholeTrail();
    const path = trail.audit.pathOf(0);
    const size = statSync(path).size;
    appendFileSync(path, 'more');
    expect(faultsOf(judge(trail))).toEqual([`tail_changed 0:${size} #null`]);
  });

  test('a framing line is changed, and put right by itself', () => {
    const trail = begunTrail();
    fill(trail.audit, 5);
    const other = new TrailMaker(join(trail.directory, 'other'), { key: trail.audit.key });
    trail.audit.roll();
    fill(trail.audit, 5);
    end(trail);
    other.utcMs += 1;
    other.begin().end();
    const [framing] = linesOf(other.pathOf(0));
    rmSync(join(trail.directory, 'other'), { recursive: true });
    alter(trail.audit.pathOf(0), (text) => (framing?.text ?? '') + text.slice(text.indexOf('\n') + 1));
    expect(faultsOf(judge(trail))).toEqual(['framing_changed 0:0 #0']);
  });

  test('a framing line is damaged', () => {
    const trail = wholeTrail();
    alter(trail.audit.pathOf(0), (text) => text.replace('"n":0', '"n":7'));
    expect(faultsOf(judge(trail))[0]).toBe('framing_damaged 0:0 #null');
  });
});

describe('interruptions', () => {
  const torn = (cut: (line: Buffer) => Buffer) => {
    const trail = begunTrail();
    fill(trail.audit, 5);
    const valid = trail.audit.segmentBytes;
    const next = Buffer.from(trail.audit.text('start', '{}'));
    trail.audit.raw(cut(next));
    return { trail, valid };
  };

  test.each([
    ['the beginning of a line', (line: Buffer) => line.subarray(0, 20)],
    ['zeros', (line: Buffer) => Buffer.alloc(line.length)],
    [
      'half a line, zeros, and more',
      (line: Buffer) => Buffer.concat([line.subarray(0, 30), Buffer.alloc(40), Buffer.from('rest\n')]),
    ],
  ])('torn at the very end (%s): told, no fault', (_, cut) => {
    const { trail, valid } = torn(cut);
    end(trail);
    const verdict = judge(trail, { log: 'audit' });
    expect(faultsOf(verdict)).toEqual([]);
    expect(logOf(verdict).segments[0]).toMatchObject({
      valid_bytes: valid,
      torn_bytes: statSync(trail.audit.pathOf(0)).size - valid,
    });
    expect(logOf(verdict).remarks.map(({ code }) => code)).toContain('torn_tail');
  });

  test('torn, and gone on in the next segment: told, no fault; changed afterwards: found', () => {
    const { trail, valid } = torn((line) => line.subarray(0, 50));
    trail.audit.roll({ valid });
    fill(trail.audit, 5);
    end(trail);
    expect(judge(trail, { log: 'audit' })).toMatchObject({ ok: true });
    alter(trail.audit.pathOf(0), (text) => `${text.slice(0, -1)}#`);
    expect(faultsOf(judge(trail, { log: 'audit' }))).toEqual([`tail_changed 0:${valid} #null`]);
  });

  test('a tail that the disk itself had lost is in doubt, not at fault', () => {
    const { trail, valid } = torn((line) => line.subarray(0, 50));
    trail.audit.roll({ valid });
    trail.audit.entry('trail_fault', { code: 'EIO', n: 0, step: 'sync' });
    end(trail);
    truncateSync(trail.audit.pathOf(0), valid + 7);
    const verdict = judge(trail, { log: 'audit' });
    expect(faultsOf(verdict)).toEqual([]);
    expect(logOf(verdict).remarks.map(({ code }) => code)).toContain('tail_in_doubt');
  });

  test('a whole line in the tail comes again as it was', () => {
    expect(repeatedAs('stop')).toEqual([]);
    expect(repeatedAs('start')).toEqual([expect.stringMatching(/^tail_rewritten 0:\d+ #\d+$/)]);
  });

  test('a framing line that was never written to its end', () => {
    const trail = wholeTrail();
    writeFileSync(trail.audit.pathOf(2), '{"k":"seg","r":{"n":2,');
    const verdict = judge(trail);
    expect(verdict.ok).toBe(true);
    expect(logOf(verdict).segments[2]).toMatchObject({ framing: 'torn', valid_bytes: 0, entries: 0 });
  });

  test('the trail itself tells that its end was lost', () => {
    const trail = begunTrail();
    const index = trail.audit.entry('tail_lost', { by: 'signer', have: 2, known: 9 });
    end(trail);
    const { offset } = lineOf(trail.audit.pathOf(0), index);
    expect(faultsOf(judge(trail, { log: 'audit' }))).toEqual([`tail_lost 0:${offset} #${index}`]);
  });
});

/** A trail whose first segment has the whole entry `stop` in its tail, and whose second begins with an entry of this kind. */
function repeatedAs(kind: string): string[] {
  const trail = begunTrail();
  const { audit } = trail;
  fill(audit, 5);
  const valid = audit.segmentBytes;
  audit.raw(entryLine(audit.text('stop', '{}')));
  audit.roll({ valid, logged: false });
  audit.entry(kind, {});
  audit.checkpoint();
  end(trail);
  return faultsOf(judge(trail, { log: 'audit' }));
}
