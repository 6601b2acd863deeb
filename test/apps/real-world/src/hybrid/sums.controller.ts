import { Body, Controller, HttpException, Inject, Post } from '@nestjs/common';
import { ClientProxy, MessagePattern, Payload } from '@nestjs/microservices';
import { catchError, throwError } from 'rxjs';
import { SumsService } from './sums.service.js';

@Controller()
export class SumsController {
  constructor(
    private readonly sums: SumsService,
    @Inject('SUMS') private readonly client: ClientProxy,
  ) {}

  @MessagePattern('sum')
  sum(@Payload() numbers: number[]) {
    return this.sums.sum(numbers);
  }

  /** The gateway's side: HTTP in, TCP to the microservice. */
  @Post('sum')
  ask(@Body() body: { numbers: number[] }) {
    return this.client.send('sum', body.numbers).pipe(catchError((error) => throwError(() => new HttpException(error, 422))));
  }
}
