import { afterEach, describe, expect, it } from 'vitest';
import { youngGeneration } from '../../libs/flame/src/transport/session/large-values.js';
import { LinkRecorder } from '../support/link-recorder.js';
import { large, upTo } from '../support/numbered-frames.js';
import { AttachRig } from '../support/attach-rig.js';

const MiB = 1024 * 1024;

describe('Large values', () => {
  let rig: AttachRig;
  afterEach(() => rig.close());

  /** How often the young generation is collected while so many values of 1 MiB come, one after the other. Both ends are in this process. */
  async function collections(reach: 'host' | 'network', values: number): Promise<number> {
    rig = new AttachRig(reach);
    const { parent, runner } = await rig.pair();
    const here = new LinkRecorder();
    parent.open(here);
    runner.open(new LinkRecorder());
    const before = youngGeneration.collections;
    for (const id of upTo(values)) {
      runner.send(large(id, MiB));
      await here.first(id);
    }
    return youngGeneration.collections - before;
  }

  it('over gRPC cause collections of the young generation at both ends, one for every 2 MiB', async () => {
    expect(await collections('network', 20)).toBe(20);
  });

  it('through shared memory cause them at the reading end, one for every 4 MiB', async () => {
    expect(await collections('host', 20)).toBe(5);
  });
});
