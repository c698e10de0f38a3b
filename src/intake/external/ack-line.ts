/**
 * Which PUBACKs may leave, in which order. MQTT 3.1.1 wants them in the order of the publishes (MQTT-4.6.0-2), while
 * records are decided in another: one that waits holds back every one behind it. Pure.
 */

/** One publish in the line. */
export interface Place {
  readonly packetId: number;
  /** Monotonic. */
  readonly takenAtMs: number;
  decided: boolean;
}

export class AckLine {
  #places: Place[] = [];
  /** Places before this one have been acknowledged. */
  #head = 0;

  /** Publishes handed over and not acknowledged. */
  get size(): number {
    return this.#places.length - this.#head;
  }

  /** When the oldest of them came; null when there is none. */
  get oldestAtMs(): number | null {
    return this.#places[this.#head]?.takenAtMs ?? null;
  }

  add(packetId: number, takenAtMs: number): Place {
    const place = { packetId, takenAtMs, decided: false };
    this.#places.push(place);
    return place;
  }

  /** Marks a place as decided; gives the packet ids whose PUBACK may leave now, in order. */
  decide(place: Place): number[] {
    place.decided = true;
    const ready: number[] = [];
    for (let next = this.#places[this.#head]; next?.decided === true; next = this.#places[this.#head]) {
      ready.push(next.packetId);
      this.#head += 1;
    }
    if (this.#head > 1024 && this.#head * 2 > this.#places.length) {
      this.#places = this.#places.slice(this.#head);
      this.#head = 0;
    }
    return ready;
  }
}
