import { Controller, Get, Param } from '@nestjs/common';
import { HashesService } from './hashes.service.js';

@Controller('hashes')
export class HashesController {
  constructor(private readonly hashes: HashesService) {}

  @Get(':text')
  async hash(@Param('text') text: string) {
    return { ...(await this.hashes.hash(text)), server: process.pid };
  }
}
