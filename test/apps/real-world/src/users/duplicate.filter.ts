import { ArgumentsHost, Catch, ConflictException } from '@nestjs/common';
import { BaseExceptionFilter } from '@nestjs/core';
import { QueryFailedError } from 'typeorm';

/** Answers 409 when a row with the same key exists, whether the parent or a runner wrote it. */
@Catch(QueryFailedError)
export class DuplicateFilter extends BaseExceptionFilter {
  catch(error: QueryFailedError<Error & { code?: string }>, host: ArgumentsHost) {
    super.catch(error.driverError.code === '23505' ? new ConflictException() : error, host);
  }
}
