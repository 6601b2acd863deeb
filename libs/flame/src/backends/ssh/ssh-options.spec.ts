import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { SshBackend } from './ssh-backend.js';
import { checkSshOptions } from './ssh-options.js';

const hostKey = `SHA256:${'a'.repeat(43)}`;
const host = { host: '10.0.0.7', user: 'app', hostKey, max: 4 };
const privateKey = '-----BEGIN OPENSSH PRIVATE KEY-----\nc2VjcmV0\n-----END OPENSSH PRIVATE KEY-----\n';
const command = ['node', '/srv/app/dist/main.js'];

describe('checkSshOptions', () => {
  it('reads hosts with their defaults', () => {
    const { hosts, node, inheritEnv } = checkSshOptions({ hosts: [host, { ...host, host: 'fe80::1', port: 2222 }], command });
    expect(hosts).toMatchObject([
      { name: '10.0.0.7', port: 22, max: 4 },
      { name: '[fe80::1]:2222', port: 2222 },
    ]);
    expect({ node, inheritEnv }).toEqual({ node: 'node', inheritEnv: 'none' });
  });

  it('ships the code, unless there is a command', () => {
    expect(checkSshOptions({ hosts: [host] })).toMatchObject({ command: undefined, shipCode: { maxBytes: 1024 ** 3 }, shipsCode: true });
    expect(checkSshOptions({ hosts: [host], command })).toMatchObject({ command, shipCode: undefined, shipsCode: false });
  });

  it.each([
    ['no hosts', { command }, /^SshBackend\.hosts is missing\. Pass hosts such as/],
    ['an empty list', { hosts: [], command }, /^SshBackend\.hosts must be a list of at least one host/],
    [
      'no key to pin',
      { hosts: [{ ...host, hostKey: undefined }], command },
      /^SshBackend\.hosts\[0\]\.hostKey is missing\. Pass the host's fingerprint/,
    ],
    [
      'an old fingerprint',
      { hosts: [{ ...host, hostKey: 'MD5:16:27' }], command },
      /hostKey must be a fingerprint or a public key, but is "MD5:16:27"/,
    ],
    [
      'a path as a key',
      { hosts: [{ ...host, privateKey: '/root/.ssh/id' }], command },
      /privateKey is not the content of a private key\. If it is a path, set privateKeyFile/,
    ],
    ['no places', { hosts: [{ ...host, max: 0 }], command }, /hosts\[0\]\.max must be a whole number of at least 1/],
    ['a host twice', { hosts: [host, host], command }, /hosts\[1\] is the same server as hosts\[0\], 10\.0\.0\.7/],
    ['a misspelt option', { hosts: [{ ...host, username: 'x' }], command }, /hosts\[0\]\.username is not an option/],
    ['an empty command', { hosts: [host], command: [] }, /^SshBackend\.command is empty/],
    ['neither command nor code', { hosts: [host], shipCode: false }, /^SshBackend\.command is missing, and shipCode is false/],
    ['both command and code', { hosts: [host], command, shipCode: true }, /^SshBackend\.command is set, and shipCode too/],
  ])('refuses %s', (_, options, words) => {
    expect(() => checkSshOptions(options)).toThrow(words);
  });

  it('shows no key and no passphrase, in errors and in the inspected backend', () => {
    const secrets = { privateKey, passphrase: 'distinctive-passphrase' };
    const refused = (): unknown => checkSshOptions({ hosts: [{ ...host, ...secrets, passphrase: 5 }], command });
    expect(refused).toThrow(/^SshBackend\.hosts\[0\]\.passphrase must be a non-empty string\. Pass passphrase/);
    const seen = inspect(new SshBackend({ hosts: [{ ...host, ...secrets }], command }), { depth: 10, showHidden: true });
    expect(seen).not.toMatch(/c2VjcmV0|distinctive/);
  });
});
