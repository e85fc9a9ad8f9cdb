/** Ages in the words of kubectl: 42s, 5m3s, 2h, 6d4h. */

/** The time since an RFC 3339 text; `now` in milliseconds since 1970. */
export function fullAge(since: string, now: number): string {
  const seconds = Math.floor((now - Date.parse(since)) / 1000);
  if (Number.isNaN(seconds)) return "<unknown>";
  return seconds < -2 ? "<invalid>" : spanOf(Math.max(0, seconds));
}

function spanOf(seconds: number): string {
  const minutes = Math.floor(seconds / 60);
  const hours = Math.floor(minutes / 60);
  const days = Math.floor(hours / 24);
  const two = (large: number, unit: string, small: number, smaller: string) =>
    small === 0 ? `${large}${unit}` : `${large}${unit}${small}${smaller}`;
  if (seconds < 120) return `${seconds}s`;
  if (minutes < 10) return two(minutes, "m", seconds % 60, "s");
  if (minutes < 180) return `${minutes}m`;
  if (hours < 8) return two(hours, "h", minutes % 60, "m");
  if (hours < 48) return `${hours}h`;
  if (days < 8) return two(days, "d", hours % 24, "h");
  if (days < 730) return `${days}d`;
  return two(Math.floor(days / 365), "y", days % 365, "d");
}
