import { Injectable } from '@nestjs/common';
import { WsException } from '@nestjs/websockets';
import { OnFlame } from 'nestjs-flame';

@Injectable()
export class WordsService {
  @OnFlame('words')
  async count(text: string): Promise<{ words: number; pid: number }> {
    if (text === '') throw new WsException('there is no text');
    return { words: text.split(' ').length, pid: process.pid };
  }
}
