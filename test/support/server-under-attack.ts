import { expect, onTestFinished } from 'vitest';
import type { GrpcAttachServerOptions } from '../../libs/flame/src/transport/attach/grpc-attach-server.js';
import { LinkRecorder } from './link-recorder.js';
import { numbered } from './numbered-frames.js';
import { AttachRig } from './attach-rig.js';

/** An attach server with one honest runner, which must be served whatever other clients do. */
export async function serverUnderAttack(
  reach: 'host' | 'network' = 'host',
  options: GrpcAttachServerOptions = {},
): Promise<{ rig: AttachRig; stillServed: () => Promise<void> }> {
  const rig = new AttachRig(reach, options);
  onTestFinished(() => rig.close());
  const { parent, runner } = await rig.pair();
  const there = new LinkRecorder();
  runner.open(there);
  let sent = 0;
  const stillServed = async (): Promise<void> => {
    parent.send(numbered(++sent));
    await there.first(sent);
    expect(there.ends).toEqual([]);
  };
  await stillServed();
  return { rig, stillServed };
}
