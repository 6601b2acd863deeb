import type { Pool } from '../pool/pool.js';
import { FlameError } from '../core/errors/flame-error.js';

/** Performs an action of the page. Resolves to a text for people about the result; undefined for an unknown action. */
export async function performAction(pool: Pool, action: string, params: URLSearchParams): Promise<string | undefined> {
  switch (action) {
    case 'pause':
      pool.pause('on the dashboard');
      return `Pool ${pool.name} is paused: calls wait.`;
    case 'resume':
      pool.resume();
      return `Pool ${pool.name} takes calls again.`;
    case 'resize': {
      const size = { min: numberOf(params, 'min'), max: numberOf(params, 'max') };
      pool.resize(size);
      return `Pool ${pool.name} now has ${size.min} to ${size.max} runners.`;
    }
    case 'drain-runner': {
      const runner = params.get('runner') ?? '';
      // An unknown runner is refused at once. The page shows the progress of a known one.
      await Promise.race([pool.drainRunner(runner, 'drained on the dashboard'), new Promise(setImmediate)]);
      return `Runner ${runner} takes no new calls, and stops when its calls have ended.`;
    }
    default:
      return undefined;
  }
}

function numberOf(params: URLSearchParams, name: string): number {
  const text = params.get(name) ?? '';
  if (/^\d{1,6}$/.test(text)) return Number(text);
  throw new FlameError('FLAME_CONFIG', `${name} must be a whole number, but is ${JSON.stringify(text.slice(0, 20))}`);
}
