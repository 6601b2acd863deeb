import { describe, expect, it } from 'vitest';
import { redisServer } from '../support/redis-server.js';
import { SpawnedApp } from '../support/spawned-app.js';

describe('a runner', () => {
  it('warns of the queues that it consumes and of its schema changes, and no more once they are switched off', async () => {
    const port = String(await redisServer());
    const careless = new SpawnedApp('sources/main.js', { REDIS_PORT: port });
    await careless.line(/^called/);
    await careless.line(/WARN \[Flame work-\w+-1\] .*does work that only its parent should do: .*consumes a queue/);
    const warnings = careless.lines.filter((line) => line.includes('WARN [Flame work-'));
    for (const queue of ['mails: MailsProcessor.send', 'reports']) expect(warnings.join('\n')).toContain(`it consumes a queue (${queue})`);
    const schema = warnings.filter((line) => line.includes('schema'));
    expect(schema).toEqual([
      expect.stringContaining(
        `TypeORM's data source "default" has synchronize: true and migrationsRun: true; write synchronize: !FlameParent.get() and migrationsRun: !FlameParent.get()`,
      ),
    ]);
    // Gone before a second look would be due.
    const brief = new SpawnedApp('sources/main.js', { REDIS_PORT: port, IDLE: '20' });
    await brief.line(
      /WARN \[Flame work-\w+-1\] .*does work that only its parent should do: .*consumes a queue \(mails: MailsProcessor\.send\)/,
    );
    brief.process.kill('SIGTERM');
    await brief.exited;
    const careful = new SpawnedApp('sources/main.js', { REDIS_PORT: port, SOURCES: 'parent' });
    const [, runner] = await careful.line(/^called (\d+)/);
    expect(runner).not.toBe(String(careful.pid));
    careful.process.kill('SIGTERM');
    await careful.exited;
    expect(careful.lines.filter((line) => line.includes('WARN'))).toEqual([]);
  });
});
