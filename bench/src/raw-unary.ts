import { contest } from './contest.js';
import { answers, trivial } from './raw-bodies.js';
import { asIs, rawPeer, rawService } from './raw-grpc.js';

/** The usual approach: one unary gRPC call per invocation. */
const { client, answeringCpu, ageAnswering } = await rawPeer(process.argv[2]!);

const echo = (size: number): Promise<void> =>
  new Promise((done, failed) => {
    const question = Buffer.from(trivial);
    question.writeUInt32LE(size);
    client.makeUnaryRequest<Buffer, Buffer>(rawService.unary.path, asIs, asIs, question, (error, answer) => {
      if (error) failed(error);
      else if (answers(size, answer!)) done();
      else failed(new Error(`${answer!.length} bytes came for ${size}`));
    });
  });

contest({ tasks: { echo }, answeringCpu, ageAnswering, close: () => process.exit() });
