import { Catch, Logger } from '@nestjs/common';
import type { ArgumentsHost, ExceptionFilter, HttpException } from '@nestjs/common';
import type { ApplicationConfig, HttpAdapterHost } from '@nestjs/core';
import { throwError } from 'rxjs';
import { FlameError } from '../../core/errors/flame-error.js';
import type { Caller } from '../../pool/calls/caller.js';
import { newestCommon } from './nests.js';

/** What clients are told to wait before they try again, in seconds. */
const retryAfter = '5';

/** As Nest's own filter logs. */
const logger = new Logger('ExceptionsHandler');

export interface ExceptionFilterSetup {
  readonly config: ApplicationConfig;
  readonly adapterHost: HttpAdapterHost;
  /** The client of the request that is answered here and now, where that is followed. */
  readonly caller?: (() => Caller | undefined) | undefined;
}

/**
 * Answers FlameErrors that no filter of the app catches. The client is told a fixed sentence: the error's own text names pools and runners, and may quote what a
 * machine logged. That goes to the log.
 */
@Catch(FlameError)
export class FlameExceptionFilter implements ExceptionFilter<FlameError> {
  readonly #setup: ExceptionFilterSetup;

  private constructor(setup: ExceptionFilterSetup) {
    this.#setup = setup;
  }

  /** Makes it the app's first global filter, which Nest asks last. Before the app's routes are made. */
  static install(setup: ExceptionFilterSetup): void {
    const filters = setup.config.getGlobalFilters();
    if (!filters.some((filter) => filter instanceof FlameExceptionFilter)) filters.unshift(new FlameExceptionFilter(setup));
  }

  catch(error: FlameError, host: ArgumentsHost): unknown {
    const type = host.getType<string>();
    if (error.code === 'FLAME_CANCELLED' && this.#clientHasGone(host)) return type === 'http' ? undefined : answerTo(error);
    logger.error(error);
    switch (type) {
      case 'http':
        return this.#reply(answerTo(error), host);
      case 'graphql':
        // What a filter returns is the field's error, in the form that the driver gives to exceptions of HTTP.
        return answerTo(error);
      case 'rpc':
        return throwError(() => ({ status: 'error', message: answerTo(error).message }));
      default:
        // As Nest does with what nobody catches: on a runner the error goes to the caller.
        throw error;
    }
  }

  #reply(answer: HttpException, host: ArgumentsHost): void {
    const { httpAdapter } = this.#setup.adapterHost;
    const response: unknown = host.getArgByIndex(1);
    if (httpAdapter.isHeadersSent(response)) return void httpAdapter.end(response);
    const status = answer.getStatus();
    if (status === 503) httpAdapter.setHeader(response, 'Retry-After', retryAfter);
    httpAdapter.reply(response, answer.getResponse(), status);
  }

  /** Nobody is there to be answered, whether the call was ended by `linkToRequest` or by a signal of the app's own. */
  #clientHasGone(host: ArgumentsHost): boolean {
    if (this.#setup.caller?.()?.gone !== undefined) return true;
    if (host.getType() !== 'http') return false;
    const response = host.getArgByIndex<{ raw?: { destroyed?: boolean }; destroyed?: boolean }>(1);
    return (response.raw ?? response).destroyed === true;
  }
}

/** The answer for a client. One that is told to try again may do so: nothing has run. */
function answerTo({ code, ran }: FlameError): HttpException {
  const nest = newestCommon();
  if ((code === 'FLAME_REFUSED' || code === 'FLAME_BOOT') && ran === 'no')
    return new nest.ServiceUnavailableException('The service cannot take this request now. Try again later.');
  if (code === 'FLAME_TIMEOUT') return new nest.GatewayTimeoutException('The service did not answer in time.');
  return new nest.HttpException({ statusCode: 500, message: 'Internal server error' }, 500);
}
