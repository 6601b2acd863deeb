import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { FlameError } from '../core/errors/flame-error.js';
import { DnsDiscovery } from './discovery/dns-discovery.js';
import { FlyDiscovery } from './discovery/fly-discovery.js';
import { OnRegion } from './on-region.decorator.js';
import { readRpcOptions, rpcDefaults } from './rpc-options.js';
import type { RpcEnv } from './rpc-options.js';
import { StaticDiscovery } from './discovery/static-discovery.js';

const secret = '0123456789abcdef0123456789abcdef';
const read = (options: unknown, env: RpcEnv = {}) => readRpcOptions(options, 'here', env);

function refusal(options: unknown, env: RpcEnv = {}): string {
  try {
    read(options, env);
  } catch (error) {
    expect(error).toBeInstanceOf(FlameError);
    expect(error).toMatchObject({ code: 'FLAME_CONFIG', ran: 'no' });
    return (error as FlameError).message;
  }
  throw new Error('nothing was refused');
}

describe('readRpcOptions', () => {
  it('gets the region from the options, then the environment, and defaults to local', () => {
    const env = { MY_REGION: 'my', FLY_REGION: 'fly', PRIMARY_REGION: 'prim' };
    expect(read({})).toMatchObject({ myRegion: 'local', primaryRegion: 'local', network: undefined, ...rpcDefaults });
    expect(read({}, env)).toMatchObject({ myRegion: 'my', primaryRegion: 'prim' });
    expect(read({}, { FLY_REGION: 'fly' })).toMatchObject({ myRegion: 'fly', primaryRegion: 'local' });
    expect(read({ myRegion: 'a', primaryRegion: 'b' }, env)).toMatchObject({ myRegion: 'a', primaryRegion: 'b' });
    expect(read({}, { MY_REGION: '' })).toMatchObject({ myRegion: 'local' });
  });

  it('needs a long secret or certificates where there are others, and never shows them', () => {
    const discovery = ['127.0.0.1:7171'];
    expect(refusal({ discovery })).toBe(
      'here options.secret is missing, and so is tls: instances on a network must authenticate each other. ' +
        'Set FLAME_RPC_SECRET to the same 32 characters or more on all instances (openssl rand -base64 32), or set certificates in tls.',
    );
    expect(refusal({ discovery, secret: 'too short' })).toMatch(
      /^here options\.secret has 9 characters, but needs at least 32\. Use at least 32 random/,
    );
    expect(refusal({ discovery }, { FLAME_RPC_SECRET: 'short' })).toMatch(/^FLAME_RPC_SECRET has 5 characters/);
    expect(
      refusal({
        discovery,
        secret,
        tls: { key: '-----BEGIN PRIVATE KEY-----', cert: '-----BEGIN CERTIFICATE-----', ca: '-----BEGIN CERTIFICATE-----' },
      }),
    ).toBe('here options.tls is set together with a secret. Set only one of the two.');
    expect(refusal({ discovery, tls: { key: 'the private key itself', cert: 'c', ca: 'c' } })).toBe(
      'here options.tls.key is not PEM. Pass the content of the file, which begins with -----BEGIN PRIVATE KEY-----.',
    );
    const config = read({ discovery, secret });
    expect(config.network).toBeDefined();
    expect(inspect(config, { depth: 10, showHidden: true }) + JSON.stringify(config)).not.toContain(secret);
  });

  it.each([
    [
      { myRegion: 'primary' },
      'here options.myRegion is "primary", but that name always stands for the primary region. Set the name of the region.',
    ],
    [
      { discovery: 7 },
      "here options.discovery must be a list of addresses or a Discovery, but is 7. Pass for example ['10.0.0.4:7171'] or new FlyDiscovery().",
    ],
    [
      { timeout: -1 },
      'here options.timeout must be a time in milliseconds above 0, but is -1. Pass a number such as 30_000, or Infinity for no limit.',
    ],
    [{ prot: 1 }, 'here options.prot is not an option.'],
    [{ port: 'x' }, 'here options.port must be a whole number of at least 0, but is "x". Pass port as a number such as 1.'],
    [{ handlers: [1] }, 'here options.handlers[0] must be a class, but is 1.'],
  ])('refuses %o', (options, message) => expect(refusal(options)).toContain(message));
});

describe('discoveries', () => {
  it.each(['10.0.0.4', '10.0.0.4:0', '10.0.0.4:70000', 'fdaa::3:7171', '', 5])('refuse the address %o', (address) => {
    expect(() => new StaticDiscovery([address as string])).toThrow(/^StaticDiscovery addresses\[0\] must be host:port, but is/);
  });

  it('accept names and bracketed addresses', async () => {
    const addresses = ['[fdaa::3]:7171', 'app.internal:1', '10.0.0.4:65535'];
    expect(await new StaticDiscovery(addresses).find()).toEqual(addresses.map((address) => ({ address })));
  });

  it('refuse bad options with their paths', () => {
    expect(() => new DnsDiscovery({ name: '' })).toThrow('DnsDiscovery options.name must be a non-empty string');
    expect(() => new DnsDiscovery({ name: 'a', servers: 'b' as never })).toThrow(
      'DnsDiscovery options.servers must be a list of addresses, but is "b"',
    );
    expect(() => new FlyDiscovery()).toThrow('FlyDiscovery options.app is missing, and FLY_APP_NAME is not set');
  });
});

describe('OnRegion', () => {
  it('refuses bad arguments, with the method’s name', () => {
    const make =
      (region: unknown, options: object = {}) =>
      () => {
        class Service {
          @OnRegion(region as string, options)
          async method(): Promise<void> {}
        }
        return Service;
      };
    expect(make('')).toThrow(
      '@OnRegion on Service.method.region must be the name of a region or a function, but is "". Pass for example \'primary\'.',
    );
    expect(make('syd', { timeout: 0 })).toThrow('@OnRegion on Service.method.timeout must be a time in milliseconds above 0');
    expect(make('syd', { cast: true })).toThrow('@OnRegion on Service.method.cast is not an option');
  });

  it('requires the option returns for a method whose return type does not exist at run time', () => {
    expect(() => {
      class Service {
        @OnRegion('syd')
        rows(): AsyncIterable<string> {
          throw new Error('it is not called');
        }
      }
      return Service;
    }).toThrow(
      '@OnRegion on Service.rows has a return type that does not exist at run time. Set { returns: … } in the decorator of Service.rows or in the options of the call',
    );
  });

  it('type-checks only on methods that return a promise or a stream', () => {
    class Service {
      @OnRegion('primary')
      async right(): Promise<void> {}

      // @ts-expect-error -- a plain value cannot come from elsewhere
      @OnRegion('primary', { returns: 'promise' })
      wrong(): number {
        return 1;
      }
    }
    expect(Service).toBeDefined();
  });
});
