import { Injectable } from '@nestjs/common';
import { RpcException } from '@nestjs/microservices';
import { OnFlame } from 'nestjs-flame';

@Injectable()
export class SumsService {
  @OnFlame('math')
  async sum(numbers: number[]): Promise<{ sum: number; pid: number }> {
    if (numbers.length === 0) throw new RpcException({ status: 'error', code: 'NO_NUMBERS', message: 'there are no numbers' });
    return { sum: numbers.reduce((sum, number) => sum + number, 0), pid: process.pid };
  }
}
