import { createReadStream } from 'node:fs';
import { unlink } from 'node:fs/promises';
import { Controller, Post, Req, UploadedFile, UseInterceptors } from '@nestjs/common';
import { FileInterceptor } from '@nestjs/platform-express';
import type { Request } from 'express';
import { FilesService } from './files.service.js';

@Controller('files')
export class FilesController {
  constructor(private readonly files: FilesService) {}

  /** Small files: multer keeps the file in memory, and its bytes are an argument. */
  @Post('small')
  @UseInterceptors(FileInterceptor('file', { limits: { fileSize: 1_000_000 } }))
  small(@UploadedFile() file: Express.Multer.File) {
    return this.files.digest(file.buffer);
  }

  /** Large files of a form: multer writes the file to the parent's disk, and the runner reads it from there, wherever the runner is. */
  @Post('large')
  @UseInterceptors(FileInterceptor('file', { dest: process.env.UPLOADS, limits: { fileSize: 100_000_000 } }))
  async large(@UploadedFile() file: Express.Multer.File) {
    const content = createReadStream(file.path);
    try {
      return await this.files.digestStream(content);
    } finally {
      content.destroy();
      await unlink(file.path);
    }
  }

  /** The request's body as it arrives: nothing is written, and only a few chunks are in memory. */
  @Post('raw')
  raw(@Req() request: Request) {
    // Without this option, a handler that stops reading would close the connection before the client has its answer.
    return this.files.digestStream(request.iterator({ destroyOnReturn: false }));
  }
}
