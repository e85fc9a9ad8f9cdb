/** Whole seconds in Go's notation of durations, which always has a unit: `1m30s`, `0s`. */
export function goDuration(seconds: number): string {
  const sign = seconds < 0 ? "-" : "";
  const total = Math.abs(seconds);
  const [hours, minutes] = [Math.floor(total / 3600), Math.floor(total / 60) % 60];
  const withHours = hours > 0 ? `${hours}h${minutes}m` : minutes > 0 ? `${minutes}m` : "";
  return `${sign}${withHours}${total % 60}s`;
}
