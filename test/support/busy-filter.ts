import { Catch, HttpException } from '@nestjs/common';
import type { ArgumentsHost } from '@nestjs/common';
import { BaseExceptionFilter } from '@nestjs/core';
import { FlameError } from 'nestjs-flame';

/** The example of docs/errors/answers.md. */
@Catch(FlameError)
export class BusyFilter extends BaseExceptionFilter {
  override catch(error: FlameError, host: ArgumentsHost): void {
    const answer = error.ran === 'no' ? new HttpException({ busy: true }, 503) : error;
    super.catch(answer, host);
  }
}
