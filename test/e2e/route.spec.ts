import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';

interface Route {
  arguments: { parent: string[]; runner: string[] };
  result: { runner: string[]; parent: string[] };
}

describe('a plain call on ProcessBackend', () => {
  it('passes no more source files than it did: with its arguments 47, with its result 43', async () => {
    const { stdout } = await promisify(execFile)(process.execPath, ['test/route/route.mjs', '--json']);
    const route = JSON.parse(stdout) as Route;
    const count = (way: Record<string, string[]>): number => new Set(Object.values(way).flat()).size;
    // The way begins and ends where it has to: otherwise the counts mean nothing.
    expect(route.arguments.parent).toContain('nest/decorator/decoration.js');
    expect(route.arguments.runner).toContain('runner/executor/executor.js');
    // The runner's event loop is told of calls, to stay awake between short ones.
    expect(route.arguments.runner).toContain('runner/host/stay-awake.js');
    expect(route.result.runner).toContain('runner/executor/executor.js');
    expect(route.result.parent).toContain('pool/calls/pending-call.js');
    expect(count(route.arguments)).toBeLessThanOrEqual(47);
    expect(count(route.result)).toBeLessThanOrEqual(43);
  });
});
