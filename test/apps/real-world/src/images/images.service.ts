import { Injectable, UnprocessableEntityException } from '@nestjs/common';
import { OnFlame } from 'nestjs-flame';
import sharp from 'sharp';

// One thread for each image, so that a runner uses as many cores as it has calls.
sharp.concurrency(1);

@Injectable()
export class ImagesService {
  @OnFlame('images')
  async thumbnail(image: Buffer, width: number): Promise<{ data: Buffer; format: string }> {
    try {
      const picture = sharp(image, { limitInputPixels: 50_000_000 }).autoOrient();
      const { data, info } = await picture
        .resize({ width, withoutEnlargement: true })
        .webp()
        .timeout({ seconds: 20 })
        .toBuffer({ resolveWithObject: true });
      return { data, format: info.format };
    } catch (error) {
      throw new UnprocessableEntityException(error.message);
    }
  }
}
