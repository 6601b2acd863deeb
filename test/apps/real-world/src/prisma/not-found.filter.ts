import { ArgumentsHost, Catch, NotFoundException } from '@nestjs/common';
import { BaseExceptionFilter } from '@nestjs/core';
import { Prisma } from './generated/client.js';

/** Answers 404 when Prisma did not find a row, at the parent or on a runner. */
@Catch(Prisma.PrismaClientKnownRequestError)
export class NotFoundFilter extends BaseExceptionFilter {
  catch(error: Prisma.PrismaClientKnownRequestError, host: ArgumentsHost) {
    super.catch(error.code === 'P2025' ? new NotFoundException() : error, host);
  }
}
