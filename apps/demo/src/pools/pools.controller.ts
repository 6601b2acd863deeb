import { Controller, Get } from '@nestjs/common';
import { FlamePool, InjectPool } from 'nestjs-flame';
import type { PoolStats } from 'nestjs-flame';

/** What the app's pools do at this moment. */
@Controller('pools')
export class PoolsController {
  constructor(@InjectPool('ffmpeg') private readonly ffmpeg: FlamePool) {}

  @Get()
  pools(): PoolStats[] {
    return [this.ffmpeg.stats()];
  }
}
