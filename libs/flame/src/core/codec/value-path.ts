/** One step of a path into a value: an array index, a property key, or ready-made text (`.values()[2]`). */
export type Step = number | string | { readonly words: string };

/** The step to a key of a Map. */
export function stepToKey(index: number): Step {
  return { words: `.keys()[${index}]` };
}

/** The step to an item of a Map, or to an item of a Set, which has no keys. */
export function stepToItem(index: number, key?: unknown): Step {
  return { words: typeof key === 'string' ? `.get(${JSON.stringify(key)})` : `.values()[${index}]` };
}

const shown = 12;
const identifier = /^[A-Za-z_$][\w$]*$/;

/** Formats a path as it would be written in code: `[0].file["a b"]`. The middle of a very long path is left out. */
export function valuePath(steps: readonly Step[]): string {
  if (steps.length <= shown) return write(steps).replace(/^\./, '');
  const head = write(steps.slice(0, shown / 2)).replace(/^\./, '');
  return `${head}…(${steps.length - shown} more)…${write(steps.slice(-shown / 2))}`;
}

function write(steps: readonly Step[]): string {
  return steps.map((step) => (typeof step === 'object' ? step.words : typeof step === 'string' ? property(step) : `[${step}]`)).join('');
}

function property(key: string): string {
  return identifier.test(key) ? `.${key}` : `[${JSON.stringify(key)}]`;
}
