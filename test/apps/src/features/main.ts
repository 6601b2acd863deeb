import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FlameModule, ProcessBackend } from 'nestjs-flame';
import { PdfModule, PdfService } from './pdf.module.js';

/** An app whose only pool is that of a feature module. */
@Module({ imports: [FlameModule.forRoot([], { backend: new ProcessBackend() }), PdfModule] })
class AppModule {}

const app = await NestFactory.createApplicationContext(AppModule, { abortOnError: false });
console.log(await app.get(PdfService).print('A report'));
await app.close();
