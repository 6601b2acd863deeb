import { Catch, Logger } from '@nestjs/common';
import type { ArgumentsHost, ExceptionFilter, HttpException } from '@nestjs/common';
import type { ApplicationConfig, HttpAdapterHost } from '@nestjs/core';
import { throwError } from 'rxjs';
import { FlameError } from '../../core/errors/flame-error.js';
import type { Caller } from '../../pool/calls/caller.js';
import { newestCommon } from './nests.js';

/** The value of `Retry-After`, in seconds. */
const retryAfter = '5';

/** The context under which Nest's own filter logs. */
const logger = new Logger('ExceptionsHandler');

export interface ExceptionFilterSetup {
  readonly config: ApplicationConfig;
  readonly adapterHost: HttpAdapterHost;
  /** The client of the current request, if `linkToRequest` is on. */
  readonly caller?: (() => Caller | undefined) | undefined;
}

/**
 * Answers FlameErrors that no filter of the app catches. The response is a fixed sentence: the error's own text names pools and runners and
 * may quote a machine's output, so it only goes to the log.
 */
@Catch(FlameError)
export class FlameExceptionFilter implements ExceptionFilter<FlameError> {
  readonly #setup: ExceptionFilterSetup;

  private constructor(setup: ExceptionFilterSetup) {
    this.#setup = setup;
  }

  /** Adds the filter as the app's first global one, which Nest asks last. Call it before the routes are made. */
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
        // A filter's return value becomes the field's error; the driver gives HTTP exceptions their form.
        return answerTo(error);
      case 'rpc':
        return throwError(() => ({ status: 'error', message: answerTo(error).message }));
      default:
        // As Nest does with uncaught errors: on a runner the error goes to the caller.
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

  /** Whether the client has disconnected, noticed by `linkToRequest` or by the response's socket. */
  #clientHasGone(host: ArgumentsHost): boolean {
    if (this.#setup.caller?.()?.gone !== undefined) return true;
    if (host.getType() !== 'http') return false;
    const response = host.getArgByIndex<{ raw?: { destroyed?: boolean }; destroyed?: boolean }>(1);
    return (response.raw ?? response).destroyed === true;
  }
}

/** The response for a client. 503 invites a retry, and is only sent if the call did not run. */
function answerTo({ code, ran }: FlameError): HttpException {
  const nest = newestCommon();
  if ((code === 'FLAME_REFUSED' || code === 'FLAME_BOOT') && ran === 'no')
    return new nest.ServiceUnavailableException('The service cannot take this request now. Try again later.');
  if (code === 'FLAME_TIMEOUT') return new nest.GatewayTimeoutException('The service did not answer in time.');
  return new nest.HttpException({ statusCode: 500, message: 'Internal server error' }, 500);
}
