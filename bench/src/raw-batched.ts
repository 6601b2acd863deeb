import { contest } from './contest.js';
import { answers, trivial } from './raw-bodies.js';
import { RawReader, RawWriter } from './raw-frames.js';
import { asIs, rawPeer, rawService } from './raw-grpc.js';

/** The upper limit for any library over gRPC: one bidirectional stream, whose only work is to match answers with their calls. */
const { client, answeringCpu, ageAnswering } = await rawPeer(process.argv[2]!, process.argv[3]);
const stream = client.makeBidiStreamRequest<Buffer, Buffer>(rawService.batched.path, asIs, asIs);
const calls = new Map<number, { size: number; done: () => void; failed: (error: unknown) => void }>();
const writer = new RawWriter((message) => stream.write(message));
const reader = new RawReader((id, _, body) => {
  const { size, done, failed } = calls.get(id)!;
  calls.delete(id);
  if (answers(size, body)) done();
  else failed(new Error(`${body.length} bytes came for ${size}`));
});
let last = 0;

stream.on('data', (message: Buffer) => reader.read(message));
stream.on('error', (error) => {
  for (const { failed } of calls.values()) failed(error);
});

const echo = (size: number): Promise<void> =>
  new Promise((done, failed) => {
    calls.set(++last, { size, done, failed });
    writer.send(last, size, trivial);
  });

contest({ tasks: { echo }, answeringCpu, ageAnswering, close: () => process.exit() });
