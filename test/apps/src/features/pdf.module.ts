import { Injectable, Module } from '@nestjs/common';
import { FlameCall, FlameModule, FlamePool, InjectPool, OnFlame } from 'nestjs-flame';

@Injectable()
export class PdfService {
  constructor(@InjectPool('pdf') readonly pool: FlamePool) {}

  @OnFlame('pdf')
  async print(title: string): Promise<string> {
    return `${title}, printed on ${FlameCall.current()?.runnerId ?? 'no runner'}`;
  }
}

@Module({
  imports: [FlameModule.forFeature([{ name: 'pdf', max: 4, maxConcurrency: 1 }])],
  providers: [PdfService],
  exports: [PdfService],
})
export class PdfModule {}
