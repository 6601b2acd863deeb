import { describe, expect, it } from 'vitest';
import { machineLabels, readMachineLabels } from './machine-labels.js';

const request = { parent: 'ab12cd', pool: 'ffmpeg', runner: 'ffmpeg-ab12cd-1' };

describe('machineLabels', () => {
  it("contains parent, pool and runner, under keys in the platform's format", () => {
    expect(machineLabels(request, 'nestjs-flame.')).toEqual({
      'nestjs-flame.parent': 'ab12cd',
      'nestjs-flame.pool': 'ffmpeg',
      'nestjs-flame.runner': 'ffmpeg-ab12cd-1',
    });
  });

  it('can be read back, but not from machines of others', () => {
    expect(readMachineLabels({ ...machineLabels(request, 'f/'), other: 'x' }, 'f/')).toEqual(request);
    expect(readMachineLabels({ 'f/pool': 'ffmpeg' }, 'f/')).toBeUndefined();
    expect(readMachineLabels(undefined, 'f/')).toBeUndefined();
  });
});
