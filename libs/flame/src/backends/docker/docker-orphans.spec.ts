import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { DockerEngine } from './docker-api.js';
import { describe, expect, it } from 'vitest';
import { isGone, ownHome } from './docker-orphans.js';

/** An engine that knows one container, or none. */
function engine(state?: object): Pick<DockerEngine, 'ask'> {
  const inspect = async (): Promise<object> => {
    if (state) return { State: state };
    throw Object.assign(new Error('no such container'), { statusCode: 404 });
  };
  return { ask: (_, send) => send({ getContainer: () => ({ inspect }) } as never) };
}

describe('isGone', () => {
  it('recognises this process as alive, and a later process with the same id as another', async () => {
    const home = ownHome();
    expect(await isGone(home, engine())).toBe(false);
    const [space, pid] = home.process.split(' ');
    expect(await isGone({ process: `${space} ${pid} 1`, container: '' }, engine())).toBe(true);
  });

  it('recognises that a process of this host has ended', async () => {
    const child = spawn(process.execPath, ['-e', '']);
    await once(child, 'exit');
    const [space] = ownHome().process.split(' ');
    expect(await isGone({ process: `${space} ${child.pid} 77`, container: '' }, engine())).toBe(true);
  });

  it('asks the engine for a parent in another container', async () => {
    const home = { process: 'elsewhere 1 2', container: 'id then' };
    expect(await isGone(home, engine({ Running: true, StartedAt: 'then' }))).toBe(false);
    expect(await isGone(home, engine({ Running: true, StartedAt: 'later' }))).toBe(true);
    expect(await isGone(home, engine({ Running: false, StartedAt: 'then' }))).toBe(true);
    expect(await isGone(home, engine())).toBe(true);
  });

  it('does not remove containers of processes that it cannot see', async () => {
    expect(await isGone({ process: 'elsewhere 1 2', container: '' }, engine())).toBe(false);
  });
});
