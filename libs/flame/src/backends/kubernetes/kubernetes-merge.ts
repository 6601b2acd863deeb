/** An object of a manifest, or a part of one. */
type Part = { readonly [key: string]: unknown };

/**
 * Lays a part of a manifest over another, as `kubectl apply` would: objects key by key; lists whose items have names (containers, variables, volumes) item by
 * item, by their names; other lists and values as a whole. What is `null` goes.
 */
export function mergeManifest<T>(under: T, over: unknown): T {
  if (isNamedList(under) && isNamedList(over)) return mergeNamed(under, over) as T;
  if (!isPart(under) || !isPart(over)) return over as T;
  const merged: Record<string, unknown> = { ...under };
  for (const [key, value] of Object.entries(over)) {
    if (value === undefined) continue;
    if (value === null) delete merged[key];
    else merged[key] = key in merged ? mergeManifest(merged[key], value) : value;
  }
  return merged as T;
}

function mergeNamed(under: readonly Part[], over: readonly Part[]): Part[] {
  const named = new Map(under.map((item) => [item.name, item]));
  for (const item of over) {
    const old = named.get(item.name);
    // A variable has either a value or a source for one.
    const whole = old === undefined || 'value' in item || 'valueFrom' in item;
    named.set(item.name, whole ? item : mergeManifest(old, item));
  }
  return [...named.values()];
}

function isPart(value: unknown): value is Part {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isNamedList(value: unknown): value is readonly Part[] {
  return Array.isArray(value) && value.length > 0 && value.every((item) => isPart(item) && typeof item.name === 'string');
}
