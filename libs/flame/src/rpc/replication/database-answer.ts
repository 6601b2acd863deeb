import type { Clock } from '../../core/clock.js';

/** The longest time for an answer of a database, in milliseconds. After it, the connection counts as broken. */
const answerTimeout = 5_000;

/** The answer of a database; rejects if it takes longer than five seconds. */
export function databaseAnswer<T>(clock: Clock, answer: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const cancel = clock.after(answerTimeout, () => reject(new Error(`the database did not answer within ${answerTimeout} ms`)));
    answer.then(resolve, reject).finally(cancel);
  });
}
