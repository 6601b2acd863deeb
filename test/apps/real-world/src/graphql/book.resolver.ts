import { Args, Context, Int, Parent, Query, ResolveField, Resolver, Subscription } from '@nestjs/graphql';
import { OnFlame } from 'nestjs-flame';
import { Analysis } from './analysis.model.js';
import { Book } from './book.model.js';
import { hideErrors } from './hide-errors.js';
import { LibraryService } from './library.service.js';

@Resolver(() => Book)
export class BookResolver {
  constructor(private readonly library: LibraryService) {}

  /** Runs on a runner, which gets a copy of the book. */
  @ResolveField(() => Analysis)
  @OnFlame('search')
  async analysis(@Parent() book: Book): Promise<Analysis> {
    return { letters: book.title.length, analysedBy: process.pid };
  }

  /** Takes from the request what the runner needs. */
  @Query(() => String)
  greeting(@Context('req') request: { headers: Record<string, string> }): Promise<string> {
    return this.library.greet(request.headers['accept-language']);
  }

  /** Runs on a runner for as long as the client listens. */
  @Subscription(() => Int, { resolve: (page: number) => page })
  pages(@Args('book', { type: () => Int }) book: number): AsyncIterable<number> {
    return hideErrors(this.library.pages(book));
  }

  /** Does not work: a request cannot be an argument. */
  @Query(() => Boolean)
  @OnFlame('search')
  async hasHeaders(@Context('req') request: { headers?: object }): Promise<boolean> {
    return request.headers !== undefined;
  }
}
