import { describe, expect, it } from 'vitest';
import { hideSecrets } from './hide-secrets.js';

describe('hideSecrets', () => {
  it('hides every secret, at any position', () => {
    expect(hideSecrets('bad env A=s3cret, B=$&s3cret', ['s3cret', '$&'])).toBe('bad env A=[hidden], B=[hidden][hidden]');
  });

  it('changes nothing if the secrets do not occur', () => {
    expect(hideSecrets('words', ['', undefined])).toBe('words');
  });
});
