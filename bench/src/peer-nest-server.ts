import { Controller, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { GrpcMethod, Transport } from '@nestjs/microservices';
import type { MicroserviceOptions } from '@nestjs/microservices';
import { cpuTime } from './closed-loop.js';
import { nestGrpcOptions } from './peer-nest-options.js';

@Controller()
class EchoController {
  @GrpcMethod('Echo', 'Number')
  number(request: { value: number }): { value: number } {
    return { value: request.value };
  }
}

@Module({ controllers: [EchoController] })
class ServerModule {}

const app = await NestFactory.createMicroservice<MicroserviceOptions>(ServerModule, {
  transport: Transport.GRPC,
  options: nestGrpcOptions(process.argv[2]!),
  logger: ['error', 'warn'],
});
await app.listen();
process.on('message', () => process.send!(cpuTime()));
process.once('disconnect', () => process.exit());
process.send!('listening');
