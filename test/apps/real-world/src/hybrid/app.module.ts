import { Module } from '@nestjs/common';
import { ClientsModule, Transport } from '@nestjs/microservices';
import { FlameModule, ProcessBackend } from 'nestjs-flame';
import { SumsController } from './sums.controller.js';
import { SumsService } from './sums.service.js';

@Module({
  imports: [
    ClientsModule.register([{ name: 'SUMS', transport: Transport.TCP, options: { port: Number(process.env.TCP_PORT) } }]),
    FlameModule.forRoot([{ name: 'math', max: 1 }], { backend: new ProcessBackend() }),
  ],
  controllers: [SumsController],
  providers: [SumsService],
})
export class AppModule {}
