/** Rows of results: one JSON line each, the form that all benchmarks print. */

/** The value below which `share` (0..1) of the samples lie, by the nearest-rank method. */
export function percentile(samples: number[], share: number): number {
  const sorted = [...samples].sort((a, b) => a - b);
  const rank = Math.max(1, Math.ceil(share * sorted.length));
  return Math.round((sorted[rank - 1] ?? Number.NaN) * 1000) / 1000;
}

export function printRow(row: Record<string, string | number>): void {
  process.stdout.write(`${JSON.stringify(row)}\n`);
}

/** `--name N` out of a benchmark's words; throws where N is no positive whole number. */
export function numberFlag(args: string[], name: string, otherwise: number): number {
  const at = args.indexOf(`--${name}`);
  if (at < 0) return otherwise;
  const value = Number(args[at + 1]);
  if (!Number.isInteger(value) || value <= 0) {
    throw new Error(`--${name} needs a positive whole number, not "${args[at + 1] ?? ""}"`);
  }
  return value;
}

/** `--name A,B` out of a benchmark's words. */
export function listFlag(args: string[], name: string, otherwise: string): string[] {
  const at = args.indexOf(`--${name}`);
  return (at < 0 ? otherwise : (args[at + 1] ?? "")).split(",");
}
