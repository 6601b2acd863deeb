import type { IncomingMessage } from 'node:http';
import {
  BadRequestException,
  Controller,
  DefaultValuePipe,
  Get,
  NotFoundException,
  Param,
  ParseIntPipe,
  ParseUUIDPipe,
  Post,
  Query,
  Req,
  StreamableFile,
  UnsupportedMediaTypeException,
} from '@nestjs/common';
import { VideoStore } from './video-store.js';
import { VideosService } from './videos.service.js';
import type { VideoRecord } from './video.js';

/** Takes videos and gives their thumbnails. */
@Controller('videos')
export class VideosController {
  constructor(
    private readonly videos: VideosService,
    private readonly store: VideoStore,
  ) {}

  /** The body is the video; the answer comes when its thumbnails are made. */
  @Post()
  async create(
    @Req() request: IncomingMessage,
    @Query('every', new DefaultValuePipe(5), ParseIntPipe) everySeconds: number,
  ): Promise<{ id: string; thumbnails: string[] }> {
    if (everySeconds < 1) throw new BadRequestException('every must be at least 1 second');
    const type = request.headers['content-type'] ?? 'nothing';
    if (!type.startsWith('video/')) throw new UnsupportedMediaTypeException(`the content-type must be video/…, but is ${type}`);
    const video = await this.store.putVideo(request);
    try {
      return { id: video.id, thumbnails: await this.videos.thumbnails(video, everySeconds) };
    } catch (error) {
      await this.store.drop(video);
      throw error;
    }
  }

  @Get(':id')
  async record(@Param('id', ParseUUIDPipe) id: string): Promise<VideoRecord> {
    return (await this.store.record(id)) ?? missing(`video ${id}`);
  }

  /** All thumbnails in one picture. */
  @Get(':id/sheet')
  async sheet(
    @Param('id', ParseUUIDPipe) id: string,
    @Query('columns', new DefaultValuePipe(6), ParseIntPipe) columns: number,
  ): Promise<StreamableFile> {
    if (columns < 1 || columns > 20) throw new BadRequestException('columns must be 1 to 20');
    return new StreamableFile((await this.videos.sheet(id, columns)) ?? missing(`video ${id}`), { type: 'image/png' });
  }

  @Get(':id/thumbnails/:name')
  async thumbnail(@Param('id', ParseUUIDPipe) id: string, @Param('name') name: string): Promise<StreamableFile> {
    const content = (await this.store.thumbnail(id, name)) ?? missing(`thumbnail ${name} of video ${id}`);
    return new StreamableFile(content, { type: 'image/png' });
  }
}

function missing(what: string): never {
  throw new NotFoundException(`There is no ${what}.`);
}
