import { describe, expect, it } from 'vitest';
import { dockerFailure } from './docker-failure.js';

/** As dockerode throws it. */
function refusal(statusCode: number, message: string): Error {
  return Object.assign(new Error(`(HTTP code ${statusCode}) unexpected - ${message}`), { statusCode, json: { message } });
}

describe('dockerFailure', () => {
  it.each<[Error, boolean, string]>([
    [refusal(404, 'No such image: nope:1'), true, 'No such image: nope:1'],
    [refusal(404, 'network nope not found'), true, 'network nope not found'],
    [
      refusal(400, 'OCI runtime create failed: exec: "nope": executable file not found in $PATH: unknown'),
      true,
      'executable file not found',
    ],
    [refusal(500, 'unauthorized: authentication required'), true, 'unauthorized'],
    [refusal(500, 'could not select device driver "" with capabilities: [[gpu]]'), true, 'could not select'],
    [refusal(500, 'no space left on device'), false, 'no space left on device'],
    [refusal(409, 'Conflict'), false, 'Conflict'],
    [refusal(429, 'toomanyrequests'), false, 'toomanyrequests'],
    [Object.assign(new Error('connect ECONNREFUSED /run/docker.sock'), { code: 'ECONNREFUSED' }), false, 'connect ECONNREFUSED'],
    [Object.assign(new Error('connect EACCES /run/docker.sock'), { code: 'EACCES' }), true, 'connect EACCES'],
  ])("decides whether %j is fatal, and keeps the engine's message", (error, fatal, words) => {
    const failure = dockerFailure(error, 'start', 'the container could not be started');
    expect(failure).toMatchObject({ phase: 'start', fatal });
    expect(failure.message).toContain(`docker: the container could not be started: `);
    expect(failure.message).toContain(words);
    expect(failure.message).not.toContain('HTTP code');
  });

  it('hides secrets that the engine repeats', () => {
    expect(dockerFailure(refusal(400, 'bad FLAME_PARENT=abc'), 'create', 'no', ['abc']).message).toBe(
      'docker: no: bad FLAME_PARENT=[hidden]',
    );
  });
});
