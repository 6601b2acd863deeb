import { Logger } from '@nestjs/common';
import { GraphQLError } from 'graphql';

const logger = new Logger('Subscriptions');

/** The items of a runner's stream. Of the error that ends it, the log has the details, and the client a sentence. */
export function hideErrors<T>(source: AsyncIterable<T>): AsyncIterable<T> {
  const items = source[Symbol.asyncIterator]();
  const next = () =>
    items.next().catch((error) => {
      logger.error(error);
      throw new GraphQLError('The subscription has ended. Subscribe again.');
    });
  return { [Symbol.asyncIterator]: () => ({ next, return: () => items.return!() }) };
}
