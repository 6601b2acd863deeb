import { Module } from '@nestjs/common';
import { FlameModule, LocalBackend, ProcessBackend } from 'nestjs-flame';
import { EchoService } from './echo.service.js';

/** The pool that has its runner at start; the others have none. */
const warm = process.argv[3];
/** A slot for each caller of the largest scenario. */
const maxConcurrency = 256;

@Module({
  imports: [
    FlameModule.forRoot(
      [
        { name: 'process', min: warm === 'process' ? 1 : 0, max: 1, maxConcurrency },
        { name: 'local', min: warm === 'local' ? 1 : 0, max: 1, maxConcurrency, backend: new LocalBackend() },
        { name: 'cold', max: 1, singleUse: true },
      ],
      { backend: new ProcessBackend() },
    ),
  ],
  providers: [EchoService],
})
export class AppModule {}
