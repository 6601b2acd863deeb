import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { youngGeneration } from '../../libs/flame/src/wire/young-generation.js';
import { LinkRecorder } from '../support/link-recorder.js';
import { large, upTo } from '../support/numbered-frames.js';
import { WireRig } from '../support/wire-rig.js';

const MiB = 1024 * 1024;

describe('Large values over gRPC', () => {
  let rig: WireRig;
  beforeEach(() => void (rig = new WireRig('network')));
  afterEach(() => rig.close());

  it('have the young generation collected at both ends, for every 2 MiB that one of them carries', async () => {
    const { parent, runner } = await rig.pair();
    const here = new LinkRecorder();
    parent.open(here);
    runner.open(new LinkRecorder());
    const before = youngGeneration.collections;
    for (const id of upTo(20)) {
      runner.send(large(id, MiB));
      await here.first(id);
    }
    // Both ends are in this process: 20 MiB leave it, and 20 come.
    expect(youngGeneration.collections - before).toBe(20);
  });
});
