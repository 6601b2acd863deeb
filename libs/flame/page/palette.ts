/** The colours and the font for canvases, from the style sheet's current colour scheme. */
export interface Palette {
  readonly handlers: readonly string[];
  readonly onHandler: string;
  readonly band: string;
  readonly stripe: string;
  readonly wait: string;
  readonly waitLine: string;
  readonly bad: string;
  readonly grid: string;
  readonly font: string;
}

let current: Palette | undefined;
matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => (current = undefined));

export function palette(): Palette {
  if (current) return current;
  const style = getComputedStyle(document.documentElement);
  const color = (name: string): string => style.getPropertyValue(name).trim();
  current = {
    handlers: Array.from({ length: 6 }, (_, n) => color(`--handler-${n}`)),
    onHandler: color('--on-handler'),
    band: color('--band'),
    stripe: color('--stripe'),
    wait: color('--wait-fill'),
    waitLine: color('--wait'),
    bad: color('--bad'),
    grid: color('--line'),
    font: `500 11px ${getComputedStyle(document.body).fontFamily}`,
  };
  return current;
}

const numbers = new Map<string, number>();

/** The number of a handler's colour. Handlers get numbers in the order in which the page first shows them, so the first six differ. */
export function colorNumber(handler: string): number {
  let number = numbers.get(handler);
  if (number === undefined) numbers.set(handler, (number = numbers.size % 6));
  return number;
}
