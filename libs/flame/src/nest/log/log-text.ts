import { formatWithOptions, inspect } from 'node:util';

/** The arguments of a logger's method, as one text. */
export interface LogText {
  readonly text: string;
  readonly context: string | undefined;
}

/**
 * Joins a logger's arguments, in Nest's order (message, more values, stack, context) or in pino's (fields, message, values for its
 * placeholders, context). Of an object, `msg` or `message` comes first, then its other fields.
 */
export function logText(message: unknown, more: readonly unknown[]): LogText {
  const last = more.at(-1);
  const context = typeof last === 'string' && !isStack(last) ? last : undefined;
  const rest = (context === undefined ? more : more.slice(0, -1)).filter((part) => part !== undefined);
  const fields = isFields(message) ? message : undefined;
  const words = fields ? [...wordsOf(fields), ...rest] : [message, ...rest];
  const stack = words.findIndex((word, index) => index > 0 && isStack(word));
  const stacks = stack < 0 ? [] : words.splice(stack, 1);
  const text = words.length > 1 || typeof words[0] !== 'string' ? formatWithOptions(shown, ...(words as [unknown])) : words[0];
  return { context, text: [fields ? withFields(words.length > 0 ? text : '', fields) : text, ...stacks].join('\n') };
}

/** The text with its context, in the form of Nest's console. */
export function withContext({ text, context }: LogText): string {
  return context === undefined ? text : `[${context}] ${text}`;
}

/** Reads a JSON line of Nest's, pino's or winston's logger. Undefined for any other output. */
export function readJsonLine(line: string): (LogText & { readonly level: string; readonly time: number | undefined }) | undefined {
  if (!line.startsWith('{') || !line.includes('"level"')) return undefined;
  let given: Record<string, unknown>;
  try {
    given = JSON.parse(line) as Record<string, unknown>;
  } catch {
    return undefined;
  }
  const { level, time, timestamp, pid: _pid, hostname: _host, context, stack, ...said } = given;
  const known = levelOf(level);
  if (known === undefined) return undefined;
  const at = new Date((time ?? timestamp) as number | string).getTime();
  const stacks = typeof stack === 'string' ? [stack] : stack === undefined ? [] : [inspect(stack, shown)];
  const { text } = logText(said, stacks.filter(isStack));
  return { level: known, text, context: typeof context === 'string' ? context : undefined, time: Number.isNaN(at) ? undefined : at };
}

const shown = { breakLength: Infinity };

/** Other loggers' names for Nest's levels. */
const levels: Readonly<Record<string, readonly string[]>> = {
  fatal: ['fatal', 'critical', 'crit', 'alert', 'emerg'],
  error: ['error'],
  warn: ['warn', 'warning'],
  log: ['log', 'info', 'notice', 'http'],
  debug: ['debug'],
  verbose: ['verbose', 'trace', 'silly'],
};

/** Nest's name of a level; pino counts them: 10 is trace, 60 fatal. */
function levelOf(level: unknown): string | undefined {
  if (typeof level === 'number')
    return ['verbose', 'verbose', 'debug', 'log', 'warn', 'error'][Math.max(0, Math.floor(level / 10))] ?? 'fatal';
  return Object.keys(levels).find((name) => levels[name]!.includes(String(level).toLowerCase()));
}

function isStack(text: unknown): text is string {
  return typeof text === 'string' && /\n\s+at .+:\d+:\d+/.test(text);
}

/** Whether it is an object that a logger reads as fields. */
function isFields(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

/** What an object says in words. A `message` of fields (Nest's JSON of an object) is looked into. */
function wordsOf({ msg, message }: Record<string, unknown>): unknown[] {
  const said = msg ?? message;
  if (said === undefined || said === null) return [];
  return [isFields(said) ? logText(said, []).text : said];
}

function withFields(text: string, { msg, message, err, error = err, ...fields }: Record<string, unknown>): string {
  const used = msg ?? message;
  const left = { ...(msg !== undefined && message !== undefined && used !== message ? { message } : {}), ...fields };
  const parts = [text];
  if (Object.keys(left).length > 0) parts.push(inspect(left, { ...shown, depth: 4 }));
  if (error !== undefined) parts.push(errorText(error));
  return parts.filter((part) => part !== '').join(' ');
}

function errorText(error: unknown): string {
  if (isFields(error) && typeof error['stack'] === 'string') return `\n${error['stack']}`;
  return error instanceof Error ? `\n${inspect(error, shown)}` : inspect({ error }, shown);
}
