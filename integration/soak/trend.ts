/** How something that should stay as it is has changed. */
export interface Trend {
  readonly name: string;
  readonly unit: "MB" | "";
  /** Median of the second quarter: the first is warming up. */
  readonly early: number;
  /** Median of the last quarter. */
  readonly late: number;
  /** Largest growth that is not called one. */
  readonly tolerance: number;
  /** How often it was measured. 0: it cannot be, here. */
  readonly samples: number;
}

/** Reads a trend from samples in order of time. */
export function trendOf(
  { name, unit, tolerance }: Pick<Trend, "name" | "tolerance" | "unit">,
  samples: readonly number[],
): Trend {
  const quarter = Math.ceil(samples.length / 4);
  return {
    name,
    unit,
    tolerance,
    samples: samples.length,
    early: median(samples.slice(quarter, 2 * quarter)),
    late: median(samples.slice(-quarter)),
  };
}

/** Whether it has grown by more than is tolerated. */
export function hasGrown({ early, late, tolerance }: Trend): boolean {
  return late - early > tolerance;
}

function median(samples: readonly number[]): number {
  return samples.toSorted((a, b) => a - b)[Math.floor(samples.length / 2)] ?? 0;
}
