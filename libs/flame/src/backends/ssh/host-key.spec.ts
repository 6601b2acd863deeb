import { describe, expect, it } from 'vitest';
import { fingerprintOf, hostKeyAlgorithms, readHostKey, typeOf } from './host-key.js';

// A key and the fingerprint that ssh-keygen -l prints for it.
const base64 = 'AAAAC3NzaC1lZDI1NTE5AAAAILfK2t55xrXwpa56K26RY5J3zFlios6AOjtar2N822jJ';
const line = `ssh-ed25519 ${base64} root@host`;
const fingerprint = 'SHA256:qTerlcXcptwDt0tjOAQAk0rUBZvyzk9F8CvgCGfLaBA';

describe('readHostKey', () => {
  it('reads a fingerprint, a public key, and a line of known_hosts', () => {
    const pinned = { fingerprint, type: 'ssh-ed25519' };
    expect(readHostKey(line)).toEqual(pinned);
    expect(readHostKey(`10.0.0.7,web1 ${line}\n`)).toEqual(pinned);
    expect(readHostKey(`ssh-ed25519 ${base64}`)).toEqual(pinned);
    expect(readHostKey(fingerprint)).toEqual({ fingerprint, type: undefined });
    expect(readHostKey(`${fingerprint}=`)).toEqual({ fingerprint, type: undefined });
  });

  it.each(['', 'SHA256:short', 'MD5:16:27:ac:a5:76:28:2d:36:63:1b:56:4d:eb:df:a6:48', `ssh-rsa ${base64}`, 'ssh-ed25519', 'web1'])(
    'does not read %j',
    (text) => expect(readHostKey(text)).toBeUndefined(),
  );
});

describe('fingerprintOf', () => {
  it('is what ssh-keygen prints', () => {
    expect(fingerprintOf(Buffer.from(base64, 'base64'))).toBe(fingerprint);
  });
});

describe('typeOf', () => {
  it('reads the first string of a key, and nothing beyond its end', () => {
    expect(typeOf(Buffer.from(base64, 'base64'))).toBe('ssh-ed25519');
    expect(typeOf(Buffer.from([0, 0, 0, 200, 65, 66]))).toBe('AB');
    expect(typeOf(Buffer.from([1]))).toBe('');
  });
});

describe('hostKeyAlgorithms', () => {
  it('asks for the types of the pinned keys, with SHA-2 for RSA, if all are known', () => {
    const pinned = (type: string | undefined): { fingerprint: string; type: string | undefined } => ({ fingerprint, type });
    expect(hostKeyAlgorithms([pinned('ssh-ed25519'), pinned('ssh-rsa')])).toEqual(['ssh-ed25519', 'rsa-sha2-512', 'rsa-sha2-256']);
    expect(hostKeyAlgorithms([pinned('ssh-ed25519'), pinned(undefined)])).toBeUndefined();
  });
});
