import { Controller, ParseIntPipe, Post, Query, StreamableFile, UploadedFile, UseInterceptors } from '@nestjs/common';
import { FileInterceptor } from '@nestjs/platform-express';
import { ImagesService } from './images.service.js';

@Controller('thumbnails')
export class ImagesController {
  constructor(private readonly images: ImagesService) {}

  @Post()
  @UseInterceptors(FileInterceptor('image', { limits: { fileSize: 20_000_000 } }))
  async create(@UploadedFile() image: Express.Multer.File, @Query('width', ParseIntPipe) width: number) {
    const { data, format } = await this.images.thumbnail(image.buffer, width);
    return new StreamableFile(data, { type: `image/${format}` });
  }
}
