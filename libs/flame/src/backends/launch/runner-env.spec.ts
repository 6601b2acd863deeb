import { describe, expect, it } from 'vitest';
import { remoteEnv, runnerEnv } from './runner-env.js';
import type { EnvRules } from './runner-env.js';

const own = {
  PATH: '/bin',
  SECRET: 's',
  NODE_OPTIONS: '--inspect=9229 --import tsx',
  FLAME_PARENT: 'of the parent',
};
const all: EnvRules = { inheritEnv: 'all', env: {} };

describe('runnerEnv', () => {
  it('inherits all variables, none or the named ones', () => {
    expect(runnerEnv(all, 'f', own)).toMatchObject({ PATH: '/bin', SECRET: 's' });
    expect(runnerEnv({ ...all, inheritEnv: 'none' }, 'f', own)).not.toMatchObject({ PATH: '/bin' });
    const named = runnerEnv({ ...all, inheritEnv: ['PATH', 'NOT_THERE'] }, 'f', own);
    expect(named.PATH).toBe('/bin');
    expect(Object.keys(named)).not.toContain('SECRET');
    expect(Object.keys(named)).not.toContain('NOT_THERE');
  });

  it.each(['all', 'none', ['FLAME_PARENT']] as const)('sets FLAME_PARENT whatever is inherited (%j) or given', (inheritEnv) => {
    const env = runnerEnv({ inheritEnv, env: { FLAME_PARENT: 'given', flame_parent: 'given' } }, 'the request', own);
    expect(env.FLAME_PARENT).toBe('the request');
    expect(env.flame_parent).toBeUndefined();
  });

  it('always copies NODE_OPTIONS, without the inspector', () => {
    expect(runnerEnv({ ...all, inheritEnv: 'none' }, 'f', own).NODE_OPTIONS).toBe('--import tsx');
    const quoted = { NODE_OPTIONS: '--require "./a  b.js"' };
    expect(runnerEnv(all, 'f', quoted).NODE_OPTIONS).toBe(quoted.NODE_OPTIONS);
    expect(runnerEnv({ ...all, env: { NODE_OPTIONS: '--inspect=0' } }, 'f', own).NODE_OPTIONS).toBe('--inspect=0');
  });

  it('omits variables that Node and PM2 set for their child processes', () => {
    const cluster = { NODE_UNIQUE_ID: '3', NODE_CHANNEL_FD: '3', NODE_CHANNEL_SERIALIZATION_MODE: 'json' };
    const pm2 = { pm_id: '0', pm_exec_path: '/app/main.js', NODE_APP_INSTANCE: '0', axm_options: '', status: 'online' };
    expect(Object.keys(runnerEnv(all, 'f', { ...own, ...cluster, ...pm2, PM2_HOME: '/pm2' })).toSorted()).toEqual(
      [...Object.keys(own), 'PM2_HOME'].toSorted(),
    );
    expect(runnerEnv({ ...all, env: { NODE_APP_INSTANCE: '7' } }, 'f', pm2).NODE_APP_INSTANCE).toBe('7');
  });

  it("keeps variables with names like PM2's if PM2 is not running", () => {
    expect(runnerEnv(all, 'f', { name: 'mine', status: 'ready', NODE_APP_INSTANCE: '0' })).toMatchObject({ name: 'mine', status: 'ready' });
  });

  it('lets env replace an inherited variable, and undefined remove it', () => {
    const env = runnerEnv({ ...all, env: { PATH: '/other', SECRET: undefined } }, 'f', own);
    expect(env.PATH).toBe('/other');
    expect(Object.keys(env)).not.toContain('SECRET');
  });

  it('does not touch the environment it reads', () => {
    const before = { ...own };
    runnerEnv({ ...all, env: { SECRET: undefined } }, 'f', own);
    expect(own).toEqual(before);
  });
});

describe('remoteEnv', () => {
  const there = { ...own, HOSTNAME: 'parent', FLY_MACHINE_ID: '1', DATABASE_URL: 'd' };

  it("does not send variables with the parent's location to another machine, unless they are named", () => {
    expect(remoteEnv(all, 'f', /^FLY_/, there)).toEqual({
      SECRET: 's',
      DATABASE_URL: 'd',
      NODE_OPTIONS: '--import tsx',
      FLAME_PARENT: 'f',
    });
    expect(remoteEnv({ ...all, inheritEnv: ['HOSTNAME', 'FLY_MACHINE_ID'] }, 'f', /^FLY_/, there)).toMatchObject({
      HOSTNAME: 'parent',
      FLY_MACHINE_ID: '1',
    });
  });

  it('sets variables of env that are not inherited', () => {
    expect(remoteEnv({ inheritEnv: 'none', env: { PATH: '/own' } }, 'f', undefined, there)).toEqual({
      PATH: '/own',
      NODE_OPTIONS: '--import tsx',
      FLAME_PARENT: 'f',
    });
  });

  it('makes runners compile inline functions as they load them, if the parent does', () => {
    const register = ['--import', 'nestjs-flame/register'];
    const optionsOf = (options: string | undefined, flags: string[], env = {}) =>
      remoteEnv({ inheritEnv: 'none', env }, 'f', undefined, { NODE_OPTIONS: options }, flags).NODE_OPTIONS;
    expect(optionsOf(undefined, register)).toBe('--import nestjs-flame/register');
    expect(optionsOf('--import tsx', register)).toBe('--import tsx --import nestjs-flame/register');
    expect(optionsOf('--import nestjs-flame/register', register)).toBe('--import nestjs-flame/register');
    expect(optionsOf(undefined, register, { NODE_OPTIONS: '--no-warnings' })).toBe('--no-warnings');
    expect(optionsOf(undefined, ['--import', 'tsx'])).toBeUndefined();
  });

  it('preloads nothing on a machine that gets the code later, and keeps the other flags', () => {
    const optionsOf = (options: string | undefined, flags: string[] = []) =>
      remoteEnv({ inheritEnv: 'none', env: {}, shipsCode: true }, 'f', undefined, { NODE_OPTIONS: options }, flags).NODE_OPTIONS;
    expect(optionsOf('--import nestjs-flame/register --enable-source-maps -r ./a.js')).toBe('--enable-source-maps');
    expect(optionsOf('--import tsx')).toBeUndefined();
    expect(optionsOf(undefined, ['--import', 'nestjs-flame/register'])).toBeUndefined();
  });
});
