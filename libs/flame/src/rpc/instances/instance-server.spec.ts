import { describe, expect, it, onTestFinished } from 'vitest';
import { dialInstance } from './instance-dial.js';
import { InstanceServer } from './instance-server.js';
import { identityFromSecrets } from '../../transport/grpc/instance-identity.js';
import type { Attachment, Hello } from '../../transport/session/link.js';
import { SystemClock } from '../../system/system-clock.js';

describe('InstanceServer', () => {
  it('closes at once although a caller’s broken connection could come back', async () => {
    const identity = await identityFromSecrets(['a secret that all instances of a test share']);
    const about: Hello = {
      runner: 'one',
      manifest: { version: '1', protocol: 1, digest: '', handlers: [] },
      pid: 1,
      host: 'here',
      node: '22',
      region: 'syd',
      app: '1',
    };
    const base = { about, identity, reconnectTimeout: 60_000, maxPayload: 1_000, clock: new SystemClock() };
    let came!: (caller: Attachment) => void;
    const caller = new Promise<Attachment>((resolve) => (came = resolve));
    const server = await InstanceServer.open({ ...base, host: '127.0.0.1', port: 0, onCaller: came, onRefused: () => {} });
    onTestFinished(() => server.close('the test is over'));
    const { link } = await dialInstance({ ...base, address: `127.0.0.1:${server.port}`, signal: new AbortController().signal });
    const broken = new Promise<void>((resolve) => {
      void caller.then((attachment) => attachment.link.open({ frame: () => {}, suspended: resolve, resumed: () => {}, closed: () => {} }));
    });
    link.drop('it went without a word');
    await broken;
    // Within the test's own time, that is, which is half of `reconnectTimeout`.
    await expect(server.close('it is shutting down')).resolves.toBeUndefined();
  });
});
