import { describe, expect, it } from 'vitest';
import { flameDefaults } from '../../libs/flame/src/nest/module/flame-options.js';
import { readRpcOptions, rpcDefaults } from '../../libs/flame/src/rpc/rpc-options.js';
import { docstringDefaults, document, documentedOptions, members } from '../support/documents.js';

const [file, name] = ['rpc/rpc-options.ts', 'FlameRpcOptions'];
const options = documentedOptions(document('docs/regions/options.md'), 'Options');
const docstrings = docstringDefaults(file, name);

describe('docs/regions/options.md', () => {
  it('names every option of FlameRpcModule, and no other', () => {
    expect([...options.keys()].sort()).toEqual(members(file, name).sort());
  });

  it.each(Object.entries(rpcDefaults))('documents the default of %s as the docstring does: %s', (option, value) => {
    // Of `host` and `port` in one row, and of what is the same in FlameModule, by their words.
    const words: Record<string, string> = { port: 'all interfaces, 7171', maxPayload: 'as in FlameModule' };
    expect(options.get(option)).toBe(words[option] ?? String(value));
    expect(docstrings.get(option)).toBe(String(value));
  });

  it('documents correctly what equals FlameModule, and the port', () => {
    expect(rpcDefaults.maxPayload).toBe(flameDefaults.maxPayload);
    expect(rpcDefaults.port).toBe(7171);
  });

  it('names the variables of the defaults, in their order', () => {
    const secret = 'a secret of more than thirty-two characters';
    const env: Record<string, string> = {};
    const read = () => readRpcOptions({}, 'here', env);
    // From the last to the first: each one set takes the place of those after it.
    for (const [option, cell] of [...options].filter(([, value]) => /[A-Z]+_/.test(value) && value !== 'FLAME_RPC_SECRET')) {
      const variables = cell.match(/[A-Z]+(?:_[A-Z]+)+/g)!;
      for (const variable of variables.toReversed()) {
        env[variable] = `by ${variable}`;
        expect([option, read()[option as 'version']]).toEqual([option, `by ${variable}`]);
      }
      if (docstrings.has(option)) expect(docstrings.get(option)!.match(/[A-Z]+(?:_[A-Z]+)+/g)).toEqual(variables);
    }
    expect(options.get('secret')).toBe('FLAME_RPC_SECRET');
    expect(readRpcOptions({ discovery: [] }, 'here', { FLAME_RPC_SECRET: secret }).network).toBeDefined();
  });
});
