/** The clock of the box: by its time service, by the configured time servers. */
import { existsSync } from 'node:fs';
import { systemClock, systemTimers } from '../../base/clock.ts';
import type { Config } from '../../base/config/load.ts';
import { systemResolve } from '../../link/probe.ts';
import { NtpServer } from '../../link/time/ntp-server.ts';
import { offsetOf } from '../../link/time/reading.ts';
import { RELEASED_AT_MS } from '../version.ts';
import { type Finding, fail, ok, unknown, warn } from './finding.ts';

/** systemd-timesyncd touches it once it has set the clock by a server. */
const SYNCHRONISED = '/run/systemd/timesync/synchronized';
const NTP = { burst: 1, spacingMs: 0, timeoutMs: 3000, pivotMs: RELEASED_AT_MS };
const MEND = "Mend the box's time service: timedatectl status, chronyc sources.";

export async function clockFindings({ clock }: Config): Promise<Finding[]> {
  return [plausible(systemClock.utcMs()), await byServers(clock), battery()];
}

function plausible(nowMs: number): Finding {
  if (nowMs < RELEASED_AT_MS)
    return fail('clock', 'stands before the release of this program', `Its battery may be empty. ${MEND}`);
  const service = existsSync(SYNCHRONISED) ? ', set by systemd-timesyncd' : '';
  return ok('clock', `${new Date(nowMs).toISOString()}${service}`);
}

async function byServers({ alarmSeconds, ntpServers, warnSeconds }: Config['clock']): Promise<Finding> {
  const check = 'clock offset';
  if (ntpServers.length === 0)
    return unknown(
      check,
      'no time server is named',
      'Name two or more in clock.ntp_servers; else only the PMS’s time is compared.',
    );
  const parts = { clock: systemClock, timers: systemTimers, resolve: systemResolve };
  const signal = new AbortController().signal;
  const readings = await Promise.all(
    ntpServers.map(async (name) => await new NtpServer(name, NTP, parts).poll(signal)),
  );
  const now = { utcMs: systemClock.utcMs(), monotonicMs: systemClock.monotonicMs() };
  const offsets = readings
    .flatMap((reading) => (reading === null ? [] : [offsetOf(reading, now)]))
    .toSorted((a, b) => a - b);
  const median = offsets[Math.floor(offsets.length / 2)];
  if (median === undefined)
    return warn(check, 'no time server answers', 'Check their names, and that the firewall lets UDP port 123 out.');
  const seen = `off by ${Math.round(median)} ms, by ${offsets.length} of ${ntpServers.length} time servers`;
  if (Math.abs(median) > alarmSeconds * 1000) return fail(check, seen, MEND);
  return Math.abs(median) > warnSeconds * 1000 ? warn(check, seen, MEND) : ok(check, seen);
}

/** Without a clock that goes on while the power is off, a start with the WAN down begins in the past. */
function battery(): Finding {
  return existsSync('/dev/rtc0') || existsSync('/dev/rtc')
    ? ok('clock battery', 'there is a hardware clock')
    : unknown(
        'clock battery',
        'no hardware clock is seen',
        'Without one the box does not know the time after a power cut until a time server answers.',
      );
}
