import { describe, expect, it } from 'vitest';
import { RecordingLog } from '../../../../../test/support/pool-rig.js';
import { InspectedRunners } from './inspected-runners.js';
import type { PoolSetup } from '../pool-setup.js';

function inspected(reach: 'host' | 'network'): { log: RecordingLog; runners: InspectedRunners } {
  const log = new RecordingLog();
  const setup = { backend: { reach }, config: { name: 'p' }, log } as unknown as PoolSetup;
  return { log, runners: new InspectedRunners(setup) };
}

describe('InspectedRunners', () => {
  it.each([
    ['Debugger listening on ws://127.0.0.1:9230/1f', 'For help, see: https://nodejs.org/en/docs/inspector'],
    ['Debugger listening on ws://[::1]:9230/1f', 'For help, see: https://nodejs.org/learn/getting-started/debugging'],
  ])('logs "%s" in one line', (line, help) => {
    const { log, runners } = inspected('network');
    expect([runners.hears(line, 'r1'), runners.hears(help, 'r1')]).toEqual([true, true]);
    expect(log.lines).toEqual([`log runner r1 of pool "p": ${line}`]);
  });

  it("leaves other lines to the runner's log", () => {
    const { runners } = inspected('network');
    expect(runners.hears('For help, see: https://nodejs.org/x', 'r1')).toBe(false);
    expect(runners.hears('Debugger attached.', 'r1')).toBe(false);
  });

  it('treats an open inspector on another machine as a debugger, as long as its runner exists', () => {
    const { runners } = inspected('network');
    expect(runners.debugged).toBe(false);
    runners.hears('Debugger listening on ws://0.0.0.0:9230/1f', 'r1');
    expect(runners.debugged).toBe(true);
    runners.gone('r1');
    expect(runners.debugged).toBe(false);
  });

  it('does not do so on this host, where the connections are known', () => {
    const { runners } = inspected('host');
    // A port that is nobody's.
    runners.hears('Debugger listening on ws://127.0.0.1:1/1f', 'r1');
    expect(runners.debugged).toBe(false);
  });
});
