import { describe, expect, it } from 'vitest';
import { ownInspector, registerFlags, withoutInspector, withoutScript, preloads, withoutPreloads } from './node-flags.js';

describe('withoutInspector', () => {
  it.each([
    [['--inspect'], []],
    [['--inspect=127.0.0.1:9229', '--enable-source-maps'], ['--enable-source-maps']],
    [['--inspect-brk', '--inspect-wait=9230', '--debug-port=1'], []],
    [
      ['--inspect-port', '9230', '-r', './preload.js'],
      ['-r', './preload.js'],
    ],
    [['--inspect-port=9230', '--no-warnings'], ['--no-warnings']],
    [
      ['--inspector-like', '--import', 'tsx'],
      ['--inspector-like', '--import', 'tsx'],
    ],
  ])('turns %j into %j', (flags, rest) => {
    expect(withoutInspector(flags)).toEqual(rest);
  });
});

describe('withoutScript', () => {
  it.each([
    [['-e', 'start()'], []],
    [
      ['--input-type=module', '--eval', 'start()', '--import', 'tsx'],
      ['--import', 'tsx'],
    ],
    [['-pe', '1'], []],
    [['--print', '--eval=1'], []],
    [
      ['--test', '--test-only', '-r', 'x'],
      ['-r', 'x'],
    ],
    [
      ['--enable-source-maps', '--experimental-vm-modules'],
      ['--enable-source-maps', '--experimental-vm-modules'],
    ],
  ])('turns %j into %j', (flags, rest) => {
    expect(withoutScript(flags)).toEqual(rest);
  });
});

describe('ownInspector', () => {
  it.each([
    [['--enable-source-maps'], ['--enable-source-maps']],
    [['--inspect=127.0.0.1:9230'], ['--inspect=127.0.0.1:0']],
    [
      ['--inspect-brk', '--inspect-port', '9300', '-r', 'x'],
      ['-r', 'x', '--inspect-brk=127.0.0.1:0'],
    ],
  ])('turns %j into %j', (flags, own) => {
    expect(ownInspector(flags)).toEqual(own);
  });
});

describe('registerFlags', () => {
  it.each([
    ['--import', 'nestjs-flame/register'],
    ['--enable-source-maps', '--import=nestjs-flame/register'],
    ['-r', 'nestjs-flame/register', '--inspect'],
    ['--require=nestjs-flame/register'],
  ])('finds it in %s %s', (...flags) => {
    expect(registerFlags(flags)).toEqual(['--import', 'nestjs-flame/register']);
  });

  it.each([['--import', 'tsx'], ['--import=./nestjs-flame/register'], ['--conditions', 'nestjs-flame/register'], []])(
    'does not find it in %s %s',
    (...flags) => {
      expect(registerFlags(flags)).toEqual([]);
    },
  );
});

describe('preloads', () => {
  it.each([
    [['--import', 'tsx'], ['tsx']],
    [
      ['--import=a', '-r', './b.js', '--inspect', '--require=/c.js'],
      ['a', './b.js', '/c.js'],
    ],
    [['--enable-source-maps'], []],
  ])('of %j are %j', (flags, names) => {
    expect(preloads(flags)).toEqual(names);
  });
});

describe('withoutPreloads', () => {
  it.each([
    [['--import', 'tsx', '--enable-source-maps'], ['--enable-source-maps']],
    [['--loader', 'a', '--experimental-loader=b', '-r', 'c', '--require=d', '--no-warnings'], ['--no-warnings']],
  ])('of %j are %j', (flags, rest) => {
    expect(withoutPreloads(flags)).toEqual(rest);
  });
});
