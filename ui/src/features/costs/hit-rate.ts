/** The share of answers that came from stored results; `null` where there were none. */
export const hitRate = (reused: number, runs: number): number | null =>
  reused + runs === 0 ? null : reused / (reused + runs);
