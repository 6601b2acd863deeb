import { describe, expect, it } from 'vitest';
import { PoolTranscript, rules } from '../../../../../test/support/pool-transcript.js';
import { PoolMachine } from './machine.js';

describe('PoolMachine', () => {
  describe('growth', () => {
    it('boots a runner for the first call and runs it there', () => {
      const pool = new PoolTranscript();
      expect(pool.call('a')).toEqual(['boot r1 (1)']);
      expect(pool.up('r1')).toEqual(['grown r1: ok (1)', 'run a on r1']);
      expect(pool.ended('a')).toEqual([]);
    });

    it('boots no more than the waiting calls can use', () => {
      const pool = new PoolTranscript({ max: 10, maxConcurrency: 5 });
      expect(pool.call('a')).toEqual(['boot r1 (1)']);
      for (const name of ['b', 'c', 'd', 'e']) expect(pool.call(name)).toEqual([]);
      expect(pool.call('f')).toEqual(['boot r2 (2)']);
    });

    it('never has more than max machines, including those being destroyed', () => {
      const pool = new PoolTranscript({ max: 1 });
      pool.call('a');
      pool.up('r1');
      pool.call('b');
      expect(pool.down('r1')).toEqual(['reject a: FLAME_LOST, ran maybe', 'dispose r1']);
      expect(pool.gone('r1')).toEqual(['shrunk r1 (0)', 'boot r2 (1)']);
      expect(pool.up('r2')).toEqual(['grown r2: ok (1)', 'run b on r2']);
    });

    it('serves waiting calls first come first served', () => {
      const pool = new PoolTranscript({ max: 1 });
      for (const name of ['a', 'b', 'c']) pool.call(name);
      expect(pool.up('r1')).toEqual(['grown r1: ok (1)', 'run a on r1']);
      expect(pool.ended('a')).toEqual(['run b on r1']);
      expect(pool.ended('b')).toEqual(['run c on r1']);
    });

    it('keeps headroom free slots ready ahead of demand', () => {
      const pool = new PoolTranscript({ max: 3, headroom: 1 });
      expect(pool.tell({ type: 'start' })).toEqual(['boot r1 (1)', 'started']);
      pool.up('r1');
      expect(pool.call('a')).toEqual(['run a on r1', 'boot r2 (2)']);
    });

    it('boots ten at a time', () => {
      const pool = new PoolTranscript({ min: 25, max: 30 });
      expect(pool.tell({ type: 'start' })).toHaveLength(10);
      expect(pool.up('r1')).toEqual(['grown r1: ok (10)', 'boot r11 (11)']);
    });
  });

  describe('strategy', () => {
    const loaded = (strategy: 'spread' | 'pack'): PoolTranscript => {
      const pool = new PoolTranscript({ max: 2, min: 2, maxConcurrency: 3, strategy });
      pool.tell({ type: 'start' });
      pool.up('r1', 'r2');
      return pool;
    };

    it('spreads calls over the least loaded runners', () => {
      const pool = loaded('spread');
      expect(['a', 'b', 'c', 'd'].flatMap((name) => pool.call(name))).toEqual(['run a on r1', 'run b on r2', 'run c on r1', 'run d on r2']);
      pool.ended('a');
      expect(pool.call('e')).toEqual(['run e on r1']);
    });

    it('packs calls on the fullest runner with a free slot', () => {
      const pool = loaded('pack');
      expect(['a', 'b', 'c', 'd'].flatMap((name) => pool.call(name))).toEqual(['run a on r1', 'run b on r1', 'run c on r1', 'run d on r2']);
      pool.ended('b');
      expect(pool.call('e')).toEqual(['run e on r1']);
    });

    it('asks a function, and chooses itself if the function names no runner with a free slot', () => {
      let choice: string | undefined = 'r2';
      const pool = new PoolTranscript({ max: 2, min: 2, strategy: () => choice });
      pool.tell({ type: 'start' });
      pool.up('r1', 'r2');
      expect(pool.call('a')).toEqual(['run a on r2']);
      choice = 'nobody';
      expect(pool.call('b')).toEqual(['run b on r1']);
    });
  });

  describe('min', () => {
    it('counts as started when min runners are up', () => {
      const pool = new PoolTranscript({ min: 2 });
      expect(pool.tell({ type: 'start' })).toEqual(['boot r1 (1)', 'boot r2 (2)']);
      expect(pool.up('r1')).toEqual(['grown r1: ok (2)']);
      expect(pool.up('r2')).toEqual(['grown r2: ok (2)', 'started']);
    });

    it('fails the start with the error of a min runner that cannot boot', () => {
      const pool = new PoolTranscript({ min: 1 });
      pool.tell({ type: 'start' });
      expect(pool.fail('r1')).toEqual(['grown r1: failed (0)', 'started: no luck']);
    });

    it('replaces a min runner that dies', () => {
      const pool = new PoolTranscript({ min: 1 });
      pool.tell({ type: 'start' });
      pool.up('r1');
      expect(pool.down('r1')).toEqual(['dispose r1', 'boot r2 (2)']);
    });

    it('keeps min runners when the others idle out', () => {
      const pool = new PoolTranscript({ min: 1, max: 2 });
      pool.tell({ type: 'start' });
      pool.up('r1');
      pool.call('a');
      pool.call('b');
      pool.up('r2');
      pool.ended('a');
      pool.ended('b');
      expect(pool.at(1_000)).toEqual(['ask r1']);
      expect(pool.consent('r1')).toEqual(['stop r1']);
      expect(pool.at(100_000)).toEqual([]);
    });

    it('stops min runners after minIdleShutdownAfter, and boots them again with the next call', () => {
      const pool = new PoolTranscript({ min: 1, minIdleAfter: 300 });
      pool.tell({ type: 'start' });
      pool.up('r1');
      expect(pool.at(299)).toEqual([]);
      expect(pool.at(300)).toEqual(['ask r1']);
      expect(pool.consent('r1')).toEqual(['stop r1']);
      expect(pool.gone('r1')).toEqual(['shrunk r1 (0)']);
      expect(pool.call('a')).toEqual(['boot r2 (1)']);
    });
  });

  describe('idle', () => {
    const idle = (options = {}): PoolTranscript => {
      const pool = new PoolTranscript(options);
      pool.call('a');
      pool.up('r1');
      pool.ended('a');
      return pool;
    };

    it('stops a runner above min after idleShutdownAfter, if it consents', () => {
      const pool = idle();
      expect(pool.at(99)).toEqual([]);
      expect(pool.at(100)).toEqual(['ask r1']);
      expect(pool.consent('r1')).toEqual(['stop r1']);
      expect(pool.gone('r1')).toEqual(['shrunk r1 (0)']);
    });

    it('assigns a call to a runner that was asked, which voids its consent', () => {
      const pool = idle();
      pool.at(100);
      expect(pool.call('b')).toEqual(['run b on r1']);
      expect(pool.consent('r1')).toEqual([]);
      expect(pool.ended('b')).toEqual([]);
    });

    it('asks again after the same time when the runner refuses', () => {
      const pool = idle();
      pool.at(100);
      expect(pool.consent('r1', false)).toEqual([]);
      expect(pool.at(199)).toEqual([]);
      expect(pool.at(200)).toEqual(['ask r1']);
    });

    it('asks when the time is up, also if rounding makes the elapsed time shorter', () => {
      expect(24.1 + 1_000 - 24.1).toBeLessThan(1_000);
      let looks = 0;
      const idleAfter = {
        get idleAfter(): number {
          if (++looks > 100) throw new Error('it looks for ever');
          return 1_000;
        },
      };
      const machine = new PoolMachine(
        Object.defineProperties({ ...rules, min: 1, minIdleAfter: 1_000 }, Object.getOwnPropertyDescriptors(idleAfter)),
        String,
        () => 0,
      );
      machine.step({ type: 'start' }, 0);
      machine.step({ type: 'up', runner: '1' }, 24.1);
      expect(machine.step({ type: 'tick' }, machine.nextDeadline)).toEqual([{ type: 'ask', runner: '1' }]);
    });

    it('keeps the runners that headroom needs, and stops the others', () => {
      const pool = new PoolTranscript({ max: 3, headroom: 1 });
      pool.tell({ type: 'start' });
      pool.up('r1');
      expect(pool.at(10_000)).toEqual([]);
      expect(pool.call('a', { run: 60_000 })).toEqual(['run a on r1', 'boot r2 (2)']);
      pool.up('r2');
      expect(pool.at(20_000)).toEqual([]);
      // Two are free now: the one that has been idle for long goes.
      expect(pool.ended('a')).toEqual([]);
      expect(pool.at(20_000)).toEqual(['ask r2']);
      expect(pool.consent('r2')).toEqual(['stop r2']);
      pool.gone('r2');
      expect(pool.at(30_000)).toEqual([]);
    });

    it('ignores headroom after minIdleShutdownAfter, until the next call', () => {
      const pool = new PoolTranscript({ max: 3, headroom: 1, minIdleAfter: 1_000 });
      pool.tell({ type: 'start' });
      pool.up('r1');
      expect(pool.at(1_000)).toEqual(['ask r1']);
      expect(pool.consent('r1')).toEqual(['stop r1']);
      expect(pool.gone('r1')).toEqual(['shrunk r1 (0)']);
      expect(pool.call('a')).toEqual(['boot r2 (1)', 'boot r3 (2)']);
    });

    it('stops a runner that does not answer the question', () => {
      const pool = idle();
      pool.at(100);
      expect(pool.at(10_100)).toEqual(['stop r1']);
    });
  });

  describe('clocks', () => {
    it('rejects a call that waited too long, without running it', () => {
      const pool = new PoolTranscript({ max: 1, bootTimeout: 10_000 });
      pool.call('a', { wait: 50 });
      expect(pool.at(50)).toEqual(['reject a: FLAME_TIMEOUT, ran no']);
      expect(pool.errors.get('a')!.message).toContain('was still booting 1 runner');
      expect(pool.up('r1')).toEqual(['grown r1: ok (1)']);
    });

    it('reports that a call waited for a slot', () => {
      const pool = new PoolTranscript({ max: 1 });
      pool.call('a');
      pool.up('r1');
      pool.call('b', { wait: 50 });
      expect(pool.at(50)).toEqual(['reject b: FLAME_TIMEOUT, ran no']);
      expect(pool.errors.get('b')!.message).toContain('waiting for a slot');
    });

    it('aborts a handler whose time is up, and frees its slot when the runner confirms the end', () => {
      const pool = new PoolTranscript({ max: 1 });
      pool.call('a', { run: 50 });
      pool.up('r1');
      pool.call('b', { wait: 5_000 });
      expect(pool.at(50)).toEqual(['reject a: FLAME_TIMEOUT, ran maybe', 'cancel a on r1 (timeout)']);
      expect(pool.ended('a')).toEqual(['run b on r1']);
    });

    it('applies an overall timeout to waiting and running together', () => {
      const pool = new PoolTranscript({ max: 1 });
      pool.call('a', { wait: Infinity, run: Infinity, overall: 100 });
      pool.at(60);
      pool.up('r1');
      expect(pool.at(100)).toEqual(['reject a: FLAME_TIMEOUT, ran maybe', 'cancel a on r1 (timeout)']);
    });

    it('cancels a boot that takes longer than bootTimeout', () => {
      const pool = new PoolTranscript();
      pool.call('a', { wait: 5_000 });
      expect(pool.at(1_000)).toEqual(['give-up r1']);
      expect(pool.fail('r1')).toEqual(['grown r1: failed (0)']);
    });

    it('counts bootTimeout again with each piece of code that a machine gets, however long that takes', () => {
      const pool = new PoolTranscript();
      pool.call('a', { wait: 10_000 });
      for (const sent of [20, 60, 100]) {
        pool.now += 900;
        expect(pool.shipping('r1', sent)).toEqual([]);
      }
      expect(pool.at(2_700 + 999)).toEqual([]);
      expect(pool.up('r1')).toEqual(['grown r1: ok (1)', 'run a on r1']);
    });

    it('cancels a boot whose code stalls for bootTimeout, with how much was sent', () => {
      const pool = new PoolTranscript();
      pool.call('a', { wait: 5_000 });
      pool.at(600);
      pool.shipping('r1', 40);
      expect(pool.at(1_599)).toEqual([]);
      expect(pool.at(1_600)).toEqual(['give-up r1']);
      expect(pool.givenUp.get('r1')).toBe(
        "shipping the app's code has stalled: 40 of 100 bytes were sent, and the machine took no more within bootTimeout (1000 ms)",
      );
    });

    it('cancels a boot whose runner does not attach within bootTimeout after its code', () => {
      const pool = new PoolTranscript();
      pool.call('a', { wait: 5_000 });
      pool.at(600);
      pool.shipping('r1', 100);
      expect(pool.at(1_600)).toEqual(['give-up r1']);
      expect(pool.givenUp.get('r1')).toBe("no runner attached within bootTimeout (1000 ms) after the app's code had been sent (100 bytes)");
    });

    it('takes no notice of code for a runner that is up, or that is gone', () => {
      const pool = new PoolTranscript({ idleAfter: 10_000 });
      pool.call('a', { run: 10_000 });
      pool.up('r1');
      expect(pool.shipping('r1', 50)).toEqual([]);
      expect(pool.at(5_000)).toEqual([]);
      expect(pool.shipping('r9', 50)).toEqual([]);
    });
  });

  describe('taint', () => {
    it('assigns no new calls to a runner whose handler ignored its abort, and stops it when its other calls have ended', () => {
      const pool = new PoolTranscript({ max: 1, maxConcurrency: 2 });
      pool.call('a', { run: 50 });
      pool.call('b', { run: 5_000 });
      pool.up('r1');
      pool.at(50);
      expect(pool.at(1_050)).toEqual(['ignored-abort r1', 'retire r1']);
      expect(pool.call('c')).toEqual([]);
      expect(pool.ended('b')).toEqual(['stop r1']);
      expect(pool.gone('r1')).toEqual(['shrunk r1 (0)', 'boot r2 (1)']);
    });
  });

  describe('links', () => {
    it('aborts linked work with its caller', () => {
      const pool = new PoolTranscript();
      pool.call('a');
      pool.up('r1');
      expect(pool.abort('a')).toEqual(['reject a: FLAME_CANCELLED, ran maybe', 'cancel a on r1 (caller)']);
    });

    it('lets unlinked work continue until its time is up', () => {
      const pool = new PoolTranscript();
      pool.call('a', { linked: false, run: 500 });
      pool.up('r1');
      expect(pool.abort('a')).toEqual(['reject a: FLAME_CANCELLED, ran maybe']);
      expect(pool.at(500)).toEqual(['cancel a on r1 (timeout)']);
      expect(pool.ended('a')).toEqual([]);
    });

    it('removes a waiting call from the queue', () => {
      const pool = new PoolTranscript({ max: 1 });
      for (const name of ['a', 'b', 'c']) pool.call(name);
      expect(pool.abort('b')).toEqual(['reject b: FLAME_CANCELLED, ran no']);
      pool.up('r1');
      expect(pool.ended('a')).toEqual(['run c on r1']);
    });
  });

  describe('streams', () => {
    const streaming = (options: { run?: number; overall?: number; linked?: boolean } = {}): PoolTranscript => {
      const pool = new PoolTranscript({ max: 1 });
      pool.call('a', options);
      pool.up('r1');
      pool.call('b', { wait: 60_000 });
      expect(pool.streaming('a')).toEqual([]);
      return pool;
    };

    it('hold the slot until they have ended', () => {
      expect(streaming().ended('a')).toEqual(['run b on r1']);
    });

    it('count against the timeout of their call, which fails them', () => {
      const pool = streaming({ run: 50 });
      expect(pool.at(49)).toEqual([]);
      expect(pool.at(50)).toEqual(['reject a: FLAME_TIMEOUT, ran maybe', 'cancel a on r1 (timeout)']);
      expect(pool.ended('a')).toEqual(['run b on r1']);
    });

    it('count against the overall timeout, too', () => {
      expect(streaming({ run: Infinity, overall: 70 }).at(70)).toEqual(['reject a: FLAME_TIMEOUT, ran maybe', 'cancel a on r1 (timeout)']);
    });

    it('have no timeout any more when the call then holds resources', () => {
      const pool = streaming({ run: 50 });
      pool.held('a');
      expect(pool.at(10_000)).toEqual([]);
      expect(pool.ended('a')).toEqual(['run b on r1']);
    });

    it('cancel the work when their consumer stops, also unlinked work', () => {
      for (const linked of [true, false]) {
        const pool = streaming({ linked });
        expect(pool.abandoned('a')).toEqual(['cancel a on r1 (caller)']);
        expect(pool.abandoned('a')).toEqual([]);
        expect(pool.ended('a')).toEqual(['run b on r1']);
      }
    });

    it('taint the runner when the work ignores that its consumer stopped', () => {
      const pool = streaming({ run: 60_000 });
      pool.abandoned('a');
      expect(pool.at(999)).toEqual([]);
      expect(pool.at(1_000)).toEqual(['ignored-abort r1', 'stop r1']);
    });

    it('fail with their caller’s signal, linked or not', () => {
      for (const linked of [true, false]) {
        expect(streaming({ linked }).abort('a')).toEqual(['reject a: FLAME_CANCELLED, ran maybe', 'cancel a on r1 (caller)']);
      }
    });

    it('fail with the runner', () => {
      expect(streaming().down('r1')).toEqual(['reject a: FLAME_LOST, ran maybe', 'dispose r1']);
    });

    it('fail when the pool drains and they take longer than shutdownTimeout', () => {
      const pool = streaming({ run: 60_000 });
      expect(pool.tell({ type: 'drain', reason: 'bye', since: pool.now })).toEqual(['reject b: FLAME_REFUSED, ran no', 'retire r1']);
      expect(pool.at(500)).toEqual(['reject a: FLAME_CANCELLED, ran maybe', 'cancel a on r1 (leaving)']);
      expect(pool.ended('a')).toEqual(['stop r1']);
    });

    it('are ended if their caller stopped waiting while the unlinked handler was running', () => {
      const pool = new PoolTranscript({ max: 1 });
      pool.call('a', { linked: false });
      pool.up('r1');
      pool.abort('a');
      pool.streaming('a');
      expect(pool.abandoned('a')).toEqual(['cancel a on r1 (caller)']);
    });

    it('have no effect if they are abandoned too late', () => {
      const pool = streaming();
      pool.ended('a');
      expect(pool.abandoned('a')).toEqual([]);
    });
  });

  describe('held children and resources', () => {
    const held = (options: { run?: number; overall?: number; linked?: boolean } = {}): PoolTranscript => {
      const pool = new PoolTranscript({ max: 1 });
      pool.call('a', options);
      pool.up('r1');
      pool.call('b', { wait: 60_000 });
      expect(pool.held('a')).toEqual([]);
      return pool;
    };

    it('keeps the slot until it has ended', () => {
      expect(held().ended('a')).toEqual(['run b on r1']);
    });

    it('has no timeout', () => {
      expect(held({ run: 50, overall: 100 }).at(10_000)).toEqual([]);
    });

    it('ends with its caller if it is linked, and only then', () => {
      expect(held().abort('a')).toEqual(['cancel a on r1 (caller)']);
      expect(held({ linked: false }).abort('a')).toEqual([]);
    });

    it('ends when its caller abandons it, linked or not', () => {
      for (const linked of [true, false]) expect(held({ linked }).abandoned('a')).toEqual(['cancel a on r1 (caller)']);
    });

    it('taints the runner when it does not end within a second', () => {
      const pool = held();
      pool.abandoned('a');
      expect(pool.at(1_000)).toEqual(['ignored-abort r1', 'stop r1']);
    });

    it('ends with the pool: at once if it is linked, after shutdownTimeout if it is not', () => {
      const linked = held();
      expect(linked.tell({ type: 'drain', reason: 'bye', since: linked.now })).toEqual([
        'reject b: FLAME_REFUSED, ran no',
        'cancel a on r1 (leaving)',
        'retire r1',
      ]);
      expect(linked.ended('a')).toEqual(['stop r1']);
      const unlinked = held({ linked: false });
      expect(unlinked.tell({ type: 'drain', reason: 'bye', since: unlinked.now })).toEqual([
        'reject b: FLAME_REFUSED, ran no',
        'retire r1',
      ]);
      expect(unlinked.at(500)).toEqual(['cancel a on r1 (leaving)']);
      expect(unlinked.ended('a')).toEqual(['stop r1']);
    });

    it('is lost with its runner, and no caller is answered twice', () => {
      expect(held().down('r1')).toEqual(['dispose r1']);
    });

    it('keeps a runner that takes no new work alive', () => {
      const pool = held();
      expect(pool.tell({ type: 'leaving', runner: 'r1', reason: 'SIGTERM' })).toEqual(['retire r1']);
      expect(pool.at(60_000)).toContain('reject b: FLAME_TIMEOUT, ran no');
      expect(pool.ended('a')).toEqual(['stop r1']);
    });
  });

  describe('failed boots', () => {
    it('back off from 1 s, doubling to 30 s, while demand remains', () => {
      const pool = new PoolTranscript({ max: 1 });
      pool.call('a', { wait: Infinity });
      const booted: number[] = [];
      for (let i = 1; i <= 8; i++) {
        pool.fail(`r${i}`);
        const before = pool.now;
        const lines = pool.at(pool.machine.nextDeadline);
        expect(lines).toEqual([`boot r${i + 1} (1)`]);
        booted.push(pool.now - before);
      }
      expect(booted).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000]);
    });

    it('do not stall the pool at one runner', () => {
      const pool = new PoolTranscript({ max: 3 });
      for (const name of ['a', 'b', 'c']) pool.call(name, { wait: Infinity });
      pool.fail('r1');
      pool.fail('r2');
      expect(pool.up('r3')).toEqual(['grown r3: ok (1)', 'run a on r3', 'boot r4 (2)', 'boot r5 (3)']);
    });

    it('fail the waiting calls at once if they are permanent', () => {
      const pool = new PoolTranscript({ max: 1 });
      pool.call('a');
      pool.call('b');
      expect(pool.fail('r1', { fatal: true })).toEqual([
        'grown r1: failed (0)',
        'reject a: FLAME_BOOT, ran no',
        'reject b: FLAME_BOOT, ran no',
      ]);
    });

    it('are the reason in the error of a call that waited in vain', () => {
      const pool = new PoolTranscript({ max: 1 });
      pool.call('a', { wait: 100 });
      pool.fail('r1');
      expect(pool.at(100)).toEqual(['reject a: FLAME_BOOT, ran no']);
    });
  });

  describe('loss', () => {
    it('fails the calls of a runner that was lost, and of no other', () => {
      const pool = new PoolTranscript({ max: 2 });
      pool.call('a');
      pool.call('b');
      pool.up('r1', 'r2');
      expect(pool.down('r1', 'killed by SIGKILL')).toEqual(['reject a: FLAME_LOST, ran maybe', 'dispose r1']);
      expect(pool.errors.get('a')!.message).toContain('killed by SIGKILL');
      expect(pool.ended('b')).toEqual([]);
    });

    it('assigns no new calls to a runner whose connection is cut, until it is back', () => {
      const pool = new PoolTranscript({ max: 1, min: 1 });
      pool.tell({ type: 'start' });
      pool.up('r1');
      pool.tell({ type: 'suspended', runner: 'r1' });
      expect(pool.call('a')).toEqual([]);
      expect(pool.tell({ type: 'resumed', runner: 'r1' })).toEqual(['run a on r1']);
    });

    it('moves a call that a stopping runner returned to the front of the queue', () => {
      const pool = new PoolTranscript({ max: 1, maxConcurrency: 2 });
      pool.call('a');
      pool.up('r1');
      pool.call('b');
      pool.call('c');
      expect(pool.bounced('b')).toEqual(['retire r1']);
      expect(pool.ended('a')).toEqual(['stop r1']);
      pool.gone('r1');
      expect(pool.up('r2')).toEqual(['grown r2: ok (1)', 'run b on r2', 'run c on r2']);
    });
  });

  describe('recycling', () => {
    it('stops a single-use runner after its first call and refills to min', () => {
      const pool = new PoolTranscript({ min: 1, max: 1, singleUse: true, maxConcurrency: 5 });
      pool.tell({ type: 'start' });
      pool.up('r1');
      expect(pool.call('a')).toEqual(['run a on r1']);
      expect(pool.call('b')).toEqual([]);
      expect(pool.ended('a')).toEqual(['stop r1']);
      expect(pool.gone('r1')).toEqual(['shrunk r1 (0)', 'boot r2 (1)']);
      expect(pool.up('r2')).toEqual(['grown r2: ok (1)', 'run b on r2']);
    });

    it('replaces a runner at maxLifetime, after its work is done', () => {
      const pool = new PoolTranscript({ min: 1, max: 2, maxLifetime: 50 });
      pool.tell({ type: 'start' });
      pool.up('r1');
      pool.call('a');
      expect(pool.at(50)).toEqual(['retire r1', 'boot r2 (2)']);
      expect(pool.ended('a')).toEqual(['stop r1']);
    });
  });

  describe('resize', () => {
    it('boots up to a higher min at once', () => {
      const pool = new PoolTranscript({ max: 5 });
      pool.tell({ type: 'start' });
      expect(pool.tell({ type: 'resize', min: 2, max: 5 })).toEqual(['boot r1 (1)', 'boot r2 (2)']);
    });

    it('retires the least loaded above a lower max', () => {
      const pool = new PoolTranscript({ max: 3, min: 3 });
      pool.tell({ type: 'start' });
      pool.up('r1', 'r2', 'r3');
      pool.call('a');
      pool.call('b');
      expect(pool.tell({ type: 'resize', min: 0, max: 1 })).toEqual(['stop r3', 'retire r2']);
      expect(pool.ended('b')).toEqual(['stop r2']);
    });
  });

  describe('pause', () => {
    const paused = (options = {}): PoolTranscript => {
      const pool = new PoolTranscript({ max: 2, ...options });
      pool.call('a');
      pool.up('r1');
      expect(pool.tell({ type: 'pause', reason: 'the database moves' })).toEqual([]);
      return pool;
    };

    it('lets calls wait and running calls continue, and boots no runner for waiting calls', () => {
      const pool = paused();
      expect(pool.call('b')).toEqual([]);
      expect(pool.ended('a')).toEqual([]);
      expect(pool.call('c')).toEqual([]);
      expect(pool.tell({ type: 'resume' })).toEqual(['run b on r1', 'boot r2 (2)']);
      expect(pool.ended('b')).toEqual(['run c on r1']);
    });

    it('keeps no headroom while paused', () => {
      const pool = new PoolTranscript({ headroom: 1 });
      pool.tell({ type: 'pause', reason: 'wait' });
      expect(pool.tell({ type: 'start' })).toEqual(['started']);
      expect(pool.tell({ type: 'resume' })).toEqual(['boot r1 (1)']);
    });

    it('is mentioned in the errors of calls that waited too long', () => {
      const pool = paused();
      pool.call('b');
      expect(pool.at(1_000)).toContain('reject b: FLAME_TIMEOUT, ran no');
      expect(pool.errors.get('b')!.message).toMatch(/^b timed out after 1000 ms of waiting: pool "p" is paused \(the database moves\)/);
    });

    it('assigns no call to a runner that comes up while paused', () => {
      const pool = new PoolTranscript();
      pool.call('a');
      pool.tell({ type: 'pause', reason: 'wait' });
      expect(pool.up('r1')).toEqual(['grown r1: ok (1)']);
      expect(pool.tell({ type: 'resume' })).toEqual(['run a on r1']);
    });

    it('keeps a call waiting that a stopping runner returned', () => {
      const pool = paused();
      expect(pool.bounced('a')).toEqual(['stop r1']);
      expect(pool.tell({ type: 'resume' })).toEqual(['boot r2 (2)']);
    });

    it('boots and keeps the min runners', () => {
      const pool = new PoolTranscript({ min: 1 });
      pool.tell({ type: 'pause', reason: 'wait' });
      expect(pool.tell({ type: 'start' })).toEqual(['boot r1 (1)']);
      expect(pool.up('r1')).toEqual(['grown r1: ok (1)', 'started']);
      expect(pool.down('r1')).toEqual(['dispose r1', 'boot r2 (2)']);
    });

    it('does not delay a drain', () => {
      const pool = paused();
      pool.call('b');
      expect(pool.tell({ type: 'drain', reason: 'bye', since: pool.now })).toEqual(['reject b: FLAME_REFUSED, ran no', 'retire r1']);
    });
  });

  describe('drain-runner', () => {
    const busy = (): PoolTranscript => {
      const pool = new PoolTranscript({ max: 2, maxConcurrency: 2 });
      pool.call('a', { run: 60_000 });
      pool.up('r1');
      return pool;
    };

    it('assigns no new calls to the runner, and stops it when its work is done', () => {
      const pool = busy();
      expect(pool.tell({ type: 'drain-runner', runner: 'r1', reason: 'asked' })).toEqual(['retire r1']);
      expect(pool.call('b')).toEqual(['boot r2 (2)']);
      expect(pool.ended('a')).toEqual(['stop r1']);
      expect(pool.at(10_000)).not.toContain('cancel a on r1 (leaving)');
    });

    it('aborts calls that exceed shutdownTimeout, including held ones', () => {
      const pool = busy();
      pool.call('child');
      pool.held('child');
      pool.tell({ type: 'drain-runner', runner: 'r1', reason: 'asked' });
      expect(pool.at(500)).toEqual(['reject a: FLAME_CANCELLED, ran maybe', 'cancel a on r1 (leaving)', 'cancel child on r1 (leaving)']);
      expect(pool.errors.get('a')!.message).toContain('this runner of pool "p" is being drained');
      pool.ended('a');
      expect(pool.at(1_500)).toEqual(['ignored-abort r1', 'stop r1']);
    });

    it('limits the time of a runner that is already stopping, and counts it once', () => {
      const pool = busy();
      pool.tell({ type: 'leaving', runner: 'r1', reason: 'SIGTERM' });
      expect(pool.tell({ type: 'drain-runner', runner: 'r1', reason: 'asked' })).toEqual([]);
      pool.at(400);
      pool.tell({ type: 'drain-runner', runner: 'r1', reason: 'asked again' });
      expect(pool.at(500)).toContain('cancel a on r1 (leaving)');
    });

    it('stops an idle runner at once, cancels a boot, and does not affect a stopping runner', () => {
      const pool = new PoolTranscript({ min: 2 });
      pool.tell({ type: 'start' });
      pool.up('r1');
      expect(pool.tell({ type: 'drain-runner', runner: 'r2', reason: 'asked' })).toEqual(['give-up r2']);
      expect(pool.tell({ type: 'drain-runner', runner: 'r1', reason: 'asked' })).toEqual(['stop r1']);
      expect(pool.tell({ type: 'drain-runner', runner: 'r1', reason: 'asked' })).toEqual([]);
    });
  });

  describe('queue', () => {
    it('refuses one call more than maxQueue', () => {
      const pool = new PoolTranscript({ max: 1, maxQueue: 1 });
      pool.call('a');
      expect(pool.call('b')).toEqual(['reject b: FLAME_REFUSED, ran no']);
    });
  });

  describe('drain', () => {
    it('refuses new and waiting calls, lets running ones finish, and stops every runner', () => {
      const pool = new PoolTranscript({ max: 1 });
      pool.call('a');
      pool.up('r1');
      pool.call('b');
      expect(pool.tell({ type: 'drain', reason: 'bye', since: pool.now })).toEqual(['reject b: FLAME_REFUSED, ran no', 'retire r1']);
      expect(pool.call('c')).toEqual(['reject c: FLAME_REFUSED, ran no']);
      expect(pool.ended('a')).toEqual(['stop r1']);
      expect(pool.gone('r1')).toEqual(['shrunk r1 (0)', 'drained']);
    });

    it('counts shutdownTimeout from when the app began to close', () => {
      const pool = new PoolTranscript({ max: 1 });
      pool.call('a', { run: 60_000 });
      pool.up('r1');
      pool.at(300);
      pool.tell({ type: 'drain', reason: 'bye', since: 100 });
      expect(pool.at(599)).toEqual([]);
      expect(pool.at(600)).toEqual(['reject a: FLAME_CANCELLED, ran maybe', 'cancel a on r1 (leaving)']);
    });

    it('aborts work that exceeds shutdownTimeout, and kills runners that ignore the abort', () => {
      const pool = new PoolTranscript({ max: 1 });
      pool.call('a', { run: 60_000 });
      pool.up('r1');
      pool.tell({ type: 'drain', reason: 'bye', since: pool.now });
      expect(pool.at(500)).toEqual(['reject a: FLAME_CANCELLED, ran maybe', 'cancel a on r1 (leaving)']);
      expect(pool.at(1_500)).toEqual(['ignored-abort r1', 'stop r1']);
      expect(pool.gone('r1')).toEqual(['shrunk r1 (0)', 'drained']);
    });

    it('cancels boots', () => {
      const pool = new PoolTranscript({ max: 1 });
      pool.call('a');
      expect(pool.tell({ type: 'drain', reason: 'bye', since: pool.now })).toEqual(['reject a: FLAME_REFUSED, ran no', 'give-up r1']);
      expect(pool.fail('r1')).toEqual(['grown r1: failed (0)', 'drained']);
    });
  });

  describe('under a debugger', () => {
    it("ends no call, and restarts each call's timeout when the debugger has detached", () => {
      const pool = new PoolTranscript({ max: 1, maxConcurrency: 1 });
      pool.tell({ type: 'start' });
      pool.call('a');
      pool.up('r1');
      pool.call('b', { wait: 1_500 });
      pool.now = 1_600;
      expect(pool.tell({ type: 'tick', debugged: true })).toEqual([]);
      pool.now = 60_000;
      expect(pool.tell({ type: 'tick', debugged: true })).toEqual([]);
      // It has gone: both are looked at within a second, and then have what they had at first.
      expect(pool.at(61_999)).toEqual([]);
      expect(pool.at(62_000)).toEqual([expect.stringMatching(/^reject a/), 'cancel a on r1 (timeout)']);
      expect(pool.at(62_500)).toEqual([expect.stringMatching(/^reject b/)]);
    });

    it('cancels no boot', () => {
      const pool = new PoolTranscript({ max: 1, bootTimeout: 1_000 });
      pool.tell({ type: 'start' });
      pool.call('a', { wait: 100_000 });
      pool.now = 1_000;
      expect(pool.tell({ type: 'tick', debugged: true })).toEqual([]);
      expect(pool.at(2_999)).toEqual([]);
      expect(pool.at(3_000)).toEqual(['give-up r1']);
    });
  });
});
