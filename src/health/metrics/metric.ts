/** One metric of a scrape, before it becomes text. */
export interface Sample {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

export interface Metric {
  /** Without the prefix; base units (seconds, bytes); a counter ends in `_total`. */
  readonly name: string;
  readonly help: string;
  readonly kind: 'gauge' | 'counter';
  /** A metric without samples is left out: absent says "not known", 0 would be a claim. */
  readonly samples: readonly Sample[];
}

/** One value, or none when it is not known. */
export function single(value: number | null | undefined): Sample[] {
  return value == null ? [] : [{ labels: {}, value }];
}

/** One sample for each word of a closed list, 1 for the one that holds. */
export function oneOfWords(label: string, words: readonly string[], holds: string): Sample[] {
  return words.map((word) => ({ labels: { [label]: word }, value: word === holds ? 1 : 0 }));
}
