/** Formats milliseconds: `850 ms`, `4.2 s`, `3 min`, `2 h 5 min`. */
export function duration(ms: number): string {
  if (ms < 1_000) return `${Math.max(0, Math.round(ms))} ms`;
  if (ms < 9_950) return `${(ms / 1_000).toFixed(1)} s`;
  if (ms < 120_000) return `${Math.round(ms / 1_000)} s`;
  const minutes = Math.round(ms / 60_000);
  return minutes < 120 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

export function count(value: number): string {
  return Math.round(value).toLocaleString('en');
}

/** Formats a rate: `12.3` below a hundred, whole numbers above. */
export function rate(value: number): string {
  return value >= 100 || Number.isInteger(value) ? count(value) : value.toFixed(1);
}

export function plural(value: number, word: string): string {
  return `${count(value)} ${word}${value === 1 ? '' : 's'}`;
}

export function bytes(value: number): string {
  return value < 1 << 30 ? `${Math.round(value / (1 << 20))} MB` : `${(value / (1 << 30)).toFixed(1)} GB`;
}

export function percent(share: number): string {
  return `${Math.round(share * 100)} %`;
}

export function timeOfDay(at: number): string {
  return new Date(at).toLocaleTimeString([], { hour12: false });
}

/** The last part of a handler's name: `thumbnails` of `Videos.thumbnails`, `publish/1` of `Videos.publish/1` and of `src/videos.js#publish/1`. */
export function methodOf(handler: string): string {
  return handler.slice(Math.max(handler.lastIndexOf('.'), handler.lastIndexOf('#')) + 1);
}

/** A runner's short name within its pool: `ffmpeg-3fa9c1-12` is `#12`. */
export function shortId(id: string): string {
  const [, number] = /-(\d+)$/.exec(id) ?? [];
  return number === undefined ? id : `#${number}`;
}
