import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { RecordingLog } from '../../../../../test/support/pool-rig.js';
import { DockerBackend } from '../docker/docker-backend.js';
import { checkDockerOptions } from '../docker/docker-options.js';
import { FlyBackend } from '../fly/fly-backend.js';
import { checkFlyOptions } from '../fly/fly-options.js';
import { KubernetesBackend } from '../kubernetes/kubernetes-backend.js';
import { checkKubernetesOptions } from '../kubernetes/kubernetes-options.js';
import { PlatformRequests, requestDefaults, retryAfter } from './platform-requests.js';

function requests(requestTimeout = 20): { requests: PlatformRequests; log: RecordingLog } {
  const log = new RecordingLog();
  const platform = { backend: 'moon', api: 'the Moon at moon:1', requestTimeout, log };
  return { requests: new PlatformRequests({ ...platform, statusOf: (error) => (error as { status?: number }).status }), log };
}

/** Answers one after the other; a number is a refusal with that status, `silent` no answer, an error what the client throws. */
function answering(...answers: (number | 'silent' | Error | string)[]): { ask: () => Promise<string>; asked: () => number } {
  let asked = 0;
  const ask = async (): Promise<string> => {
    const answer = answers[asked++];
    if (answer === 'silent') return new Promise(() => {});
    if (answer instanceof Error) throw answer;
    if (typeof answer === 'number') throw Object.assign(new Error(`refused with ${answer}`), { status: answer });
    return answer!;
  };
  return { ask, asked: () => asked };
}

const broken = (code: string): Error => Object.assign(new Error(code), { code });

describe('PlatformRequests', () => {
  it.each([
    ['a broken connection', [broken('ECONNRESET'), 'yes']],
    ['no answer', ['silent', 'yes']],
    ['an error of the platform', [503, 'yes']],
  ])('repeats a harmless request after %s', async (_, answers) => {
    const { ask, asked } = answering(...(answers as string[]));
    expect(await requests().requests.send('list', ask, { repeat: true })).toBe('yes');
    expect(asked()).toBe(2);
  });

  it.each([
    ['what may do harm twice', [503, 'yes'], {}],
    ['what is refused', [404, 'yes'], { repeat: true }],
    ['where there is no socket', [broken('ENOENT'), 'yes'], { repeat: true }],
  ])('does not repeat %s', async (_, answers, rules) => {
    const { ask, asked } = answering(...(answers as string[]));
    await expect(requests().requests.send('make', ask, rules)).rejects.toBeInstanceOf(Error);
    expect(asked()).toBe(1);
  });

  it('repeats any request that was refused before it began (429)', async () => {
    const { ask, asked } = answering(429, 'yes');
    expect(await requests().requests.send('make', ask)).toBe('yes');
    expect(asked()).toBe(2);
  });

  it('rejects after two attempts without an answer, and warns once until there is one', async () => {
    const { requests: asking, log: told } = requests();
    const { ask, asked } = answering('silent', 'silent', 'silent', 'silent', 'yes', 'silent', 'silent');
    const error = 'the Moon at moon:1 did not answer the request "list" within 20 ms';
    for (let time = 0; time < 2; time++) await expect(asking.send('list', ask, { repeat: true })).rejects.toThrow(error);
    expect(asked()).toBe(4);
    const warning = `warn moon: ${error}; trying again. Check the Moon at moon:1, or raise requestTimeout.`;
    expect(told.lines).toEqual([warning]);
    await asking.send('list', ask, { repeat: true });
    await expect(asking.send('list', ask, { repeat: true })).rejects.toThrow(error);
    expect(told.lines).toEqual([warning, warning]);
  });

  it("ends the request when its caller's signal aborts, with the caller’s reason", async () => {
    const caller = new AbortController();
    let ended: unknown;
    const ask = (signal: AbortSignal): Promise<never> => {
      signal.addEventListener('abort', () => (ended = signal.reason));
      caller.abort(new Error('the boot was abandoned'));
      return new Promise(() => {});
    };
    const asked = requests(60_000).requests.send('make', ask, { repeat: true, signal: caller.signal });
    await expect(asked).rejects.toThrow('the boot was abandoned');
    expect(ended).toBe(caller.signal.reason);
  });

  it('ends a request that is not answered in time', async () => {
    let ended = false;
    const ask = (signal: AbortSignal): Promise<never> => {
      signal.addEventListener('abort', () => (ended = true));
      return new Promise(() => {});
    };
    await expect(requests().requests.send('make', ask)).rejects.toThrow('did not answer');
    expect(ended).toBe(true);
  });

  it('polls without warnings when nothing happens', async () => {
    const { requests: asking, log: told } = requests();
    expect(await asking.poll('wait', answering('silent').ask, 10)).toBeUndefined();
    expect(await asking.poll('wait', answering('ended').ask, 10_000)).toBe('ended');
    expect(told.lines).toEqual([]);
  });
});

describe('retryAfter', () => {
  it.each([
    ['2', 2_000],
    ['0', 0],
    ['86400', 60_000],
    ['Thu, 01 Jan 1970 00:00:00 GMT', 0],
    ['soon', undefined],
    [null, undefined],
  ])('reads %j', (header, time) => expect(retryAfter(header)).toBe(time));
});

describe('requestTimeout', () => {
  it.each([DockerBackend, FlyBackend, KubernetesBackend])('is validated by %o', (Backend) => {
    const message = `${Backend.name}.requestTimeout must be a time in milliseconds above 0, but is "10s". Pass a number such as 30_000, or Infinity for no limit.`;
    expect(() => new Backend({ requestTimeout: '10s' as never })).toThrow(message);
    expect(() => new Backend({ requestTimeout: 0 })).toThrow('above 0');
    expect(() => new Backend({ requestTimeout: Infinity })).not.toThrow();
  });

  it('has the default that it documents', () => {
    const source = readFileSync(join(__dirname, 'platform-requests.ts'), 'utf8');
    const [, documented] = /@default (\S+)\n\s+\*\/\n\s+requestTimeout\?:/.exec(source)!;
    expect(Number(documented!.replaceAll('_', ''))).toBe(requestDefaults.requestTimeout);
    const checked = [checkDockerOptions({}), checkFlyOptions({}), checkKubernetesOptions({})];
    expect(checked.map(({ requestTimeout }) => requestTimeout)).toEqual(Array(3).fill(requestDefaults.requestTimeout));
  });
});
