import { pbkdf2Sync } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { OnFlame } from 'nestjs-flame';

@Injectable()
export class HashesService {
  @OnFlame('hashes')
  async hash(text: string): Promise<{ hash: string; runner: number }> {
    return { hash: pbkdf2Sync(text, 'salt', 1000, 16, 'sha256').toString('hex'), runner: process.pid };
  }
}
