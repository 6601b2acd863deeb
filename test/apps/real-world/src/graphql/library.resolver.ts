import { Args, Int, Query, Resolver } from '@nestjs/graphql';
import { Author } from './author.model.js';
import { Book } from './book.model.js';
import { LibraryService } from './library.service.js';
import { SearchInput } from './search.input.js';
import { SearchResult } from './search-result.union.js';

@Resolver()
export class LibraryResolver {
  constructor(private readonly library: LibraryService) {}

  @Query(() => [SearchResult])
  search(@Args('input') input: SearchInput): Promise<(Author | Book)[]> {
    return this.library.search(input);
  }

  @Query(() => Int)
  whoSearches(): Promise<number> {
    return this.library.whoSearches();
  }

  @Query(() => Int)
  readers(): Promise<number> {
    return this.library.countReaders();
  }

  @Query(() => String)
  slowest(): Promise<string> {
    return this.library.slowest();
  }
}
