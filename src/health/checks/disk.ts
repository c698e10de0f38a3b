/** The disks themselves: read-only, worn, written to, warm. */
import { type Check, type Checker, verdict } from './check.ts';

const WORN_PERCENT = 80;
const FEW_DAYS = 365;
const WARM_C = 80;

const PLACES = { data: 'data partition', trail: "trail's partition" } as const;
const REPORT: Record<'missing' | 'stale' | 'unreadable', string> = {
  missing: 'is not there',
  stale: 'is older than two days',
  unreadable: 'is no report of smartctl',
};

export const diskChecks: Checker = ({ disk }) =>
  [
    {
      name: 'disk:readOnly',
      componentType: 'system',
      observedValue: disk.readOnly.length,
      ...verdict(
        disk.readOnly.length > 0 && {
          status: 'fail',
          output: `The kernel has made the ${disk.readOnly.map((place) => PLACES[place]).join(' and the ')} read-only, as it does when a disk fails. Look at dmesg; make a backup of what can be read, then replace the disk.`,
        },
      ),
    },
    {
      name: 'disk:wear',
      componentType: 'system',
      observedValue: disk.wear?.usedPercent ?? null,
      observedUnit: 'percent',
      ...verdict(wearProblem(disk)),
    },
    {
      name: 'disk:written',
      componentType: 'system',
      observedValue: disk.writtenPerDayBytes === null ? null : Math.round(disk.writtenPerDayBytes),
      observedUnit: 'bytes a day',
      ...verdict(
        disk.daysLeft !== null &&
          disk.daysLeft < FEW_DAYS && {
            status: 'warn',
            output: `At this pace the disk has written what it is rated for in ${Math.floor(disk.daysLeft)} days. Plan its replacement.`,
          },
      ),
    },
    {
      name: 'box:temperature',
      componentType: 'system',
      observedValue: disk.boxTemperatureC,
      observedUnit: 'degrees Celsius',
      ...verdict(
        disk.boxTemperatureC !== null &&
          disk.boxTemperatureC >= WARM_C && {
            status: 'warn',
            output: `The box is ${Math.round(disk.boxTemperatureC)} °C warm and may slow down or stop. Give it air; clean its fan.`,
          },
      ),
    },
  ] satisfies Check[];

function wearProblem({ smartReport, wear }: Parameters<typeof diskChecks>[0]['disk']) {
  if (wear?.isFailing === true) {
    const output = 'The disk says that its end is near. Make a backup now and replace the disk.';
    return { status: 'fail', output } as const;
  }
  if (smartReport !== 'ok' && smartReport !== 'none') {
    const output = `The report in storage.smart_file ${REPORT[smartReport]}: nobody watches the disk's wear. Look at the timer that runs smartctl.`;
    return { status: 'warn', output } as const;
  }
  const used = wear?.usedPercent ?? 0;
  if (used < WORN_PERCENT) return false;
  return { status: 'warn', output: `${used} % of the disk's rated life is used. Plan its replacement.` } as const;
}
