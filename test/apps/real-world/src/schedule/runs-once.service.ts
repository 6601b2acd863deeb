import { Injectable, OnApplicationShutdown } from '@nestjs/common';
import { Redis } from 'ioredis';

/** Lets one instance of the app do what all of them are about to do. */
@Injectable()
export class RunsOnce implements OnApplicationShutdown {
  private readonly redis = new Redis({ port: Number(process.env.REDIS_PORT), lazyConnect: true });

  /** Whether this instance is the first to ask for `key` within a day. */
  async first(key: string): Promise<boolean> {
    return (await this.redis.set(key, process.pid, 'PX', 24 * 3_600_000, 'NX')) === 'OK';
  }

  onApplicationShutdown(): void {
    this.redis.disconnect();
  }
}
