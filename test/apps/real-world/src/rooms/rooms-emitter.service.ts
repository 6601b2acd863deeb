import { Injectable, OnApplicationShutdown } from '@nestjs/common';
import { Emitter } from '@socket.io/redis-emitter';
import { Redis } from 'ioredis';

/** Emits to clients of all instances by way of Redis: a runner has no clients of its own. */
@Injectable()
export class RoomsEmitter extends Emitter implements OnApplicationShutdown {
  constructor() {
    super(new Redis(Number(process.env.REDIS_PORT)));
  }

  /** Sends what was emitted before, then disconnects. */
  async onApplicationShutdown(): Promise<void> {
    await (this.redisClient as Redis).quit();
  }
}
