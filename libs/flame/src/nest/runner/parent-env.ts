import { badOption } from '../../core/options/option-reader.js';
import type { ParentInfo } from '../../core/parent-info.js';

const texts = ['pool', 'runner', 'parent', 'backend', 'address', 'token', 'version', 'digest'] as const;
const numbers = ['maxConcurrency', 'bootTimeout', 'shutdownTimeout', 'reconnectTimeout', 'maxPayload'] as const;

const fix = 'Unset it to start the app as a parent; a pool sets it for the runners that it boots.';

/**
 * Reads and deletes `env.FLAME_PARENT`; null if it is not set. It is deleted because it holds the token, which processes that a handler
 * spawns must not inherit.
 *
 * @throws {FlameError} FLAME_CONFIG that says what is wrong with the value.
 */
export function takeParentInfo(env: Record<string, string | undefined>): ParentInfo | null {
  const text = env['FLAME_PARENT'];
  delete env['FLAME_PARENT'];
  return text === undefined ? null : readParentInfo(text);
}

function readParentInfo(text: string): ParentInfo {
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(text)) throw badOption('FLAME_PARENT', 'is not base64', fix);
  const info = parse(Buffer.from(text, 'base64').toString());
  // JSON has no Infinity and says null.
  for (const key of numbers) if (info[key] === null) info[key] = Infinity;
  const wrong = [
    ...texts.filter((key) => typeof info[key] !== 'string' || info[key] === ''),
    ...numbers.filter((key) => typeof info[key] !== 'number'),
  ];
  if (wrong.length > 0) throw badOption('FLAME_PARENT', `has no valid value for ${wrong.join(', ')}`, fix);
  return info as unknown as ParentInfo;
}

/** Hides the parser's own error, which would show a part of the token. */
function parse(json: string): Record<string, unknown> {
  let info: unknown;
  try {
    info = JSON.parse(json);
  } catch {
    throw badOption('FLAME_PARENT', 'is base64, but does not contain JSON', fix);
  }
  if (typeof info === 'object' && info !== null && !Array.isArray(info)) return info as Record<string, unknown>;
  throw badOption('FLAME_PARENT', 'does not contain a JSON object', fix);
}
