import { Body, Controller, Param, ParseIntPipe, Post } from '@nestjs/common';
import { Flame } from 'nestjs-flame';
import { TextsService } from './texts.service.js';

@Controller()
export class TextsController {
  constructor(
    private readonly texts: TextsService,
    private readonly flame: Flame,
  ) {}

  @Post('texts')
  classify(@Body('text') text: string) {
    console.log(`classifying ${text}`);
    return this.texts.classify(text);
  }

  @Post('counts/:last')
  async count(@Param('last', ParseIntPipe) last: number) {
    const progress: number[] = [];
    const onProgress = (number: number) => {
      progress.push(number);
      console.log(`counted ${number}`);
    };
    const { counted } = await this.flame.on('python', TextsService, { onProgress }).count(last);
    return { counted, progress };
  }
}
