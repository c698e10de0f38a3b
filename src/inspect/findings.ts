/** Collects faults and remarks of one trail, with a limit: a trail that is wrong everywhere is told as briefly as one that is wrong once. */
import type { Fault, FaultCode, Remark, RemarkCode } from './verdict.ts';

const MAX_FAULTS = 100;
const MAX_REMARKS_OF_A_KIND = 20;

export interface Place {
  readonly segment: number | null;
  readonly offset: number | null;
  readonly index: number | null;
}

export const NOWHERE: Place = { segment: null, offset: null, index: null };

export class Findings {
  readonly faults: Fault[] = [];
  readonly remarks: Remark[] = [];
  faultsTotal = 0;
  remarksTotal = 0;
  readonly #remarksOf = new Map<RemarkCode, number>();
  readonly #faultsIn = new Map<number, number>();

  fault(code: FaultCode, place: Place, message: string): void {
    this.faultsTotal += 1;
    if (place.segment !== null) this.#faultsIn.set(place.segment, this.faultsIn(place.segment) + 1);
    if (this.faults.length < MAX_FAULTS) this.faults.push({ code, ...place, message });
  }

  remark(code: RemarkCode, segment: number | null, index: number | null, message: string): void {
    const count = (this.#remarksOf.get(code) ?? 0) + 1;
    this.#remarksOf.set(code, count);
    this.remarksTotal += 1;
    if (count <= MAX_REMARKS_OF_A_KIND) this.remarks.push({ code, segment, index, message });
  }

  faultsIn(segment: number): number {
    return this.#faultsIn.get(segment) ?? 0;
  }
}
