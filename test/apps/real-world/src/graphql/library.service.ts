import { Injectable } from '@nestjs/common';
import { OnFlame } from 'nestjs-flame';
import { Author } from './author.model.js';
import { Book } from './book.model.js';
import { SearchInput } from './search.input.js';

@Injectable()
export class LibraryService {
  private readonly authors = [Object.assign(new Author(), { id: 1, firstName: 'Mary', lastName: 'Shelley' })];
  private readonly books = [
    Object.assign(new Book(), { id: 7, title: 'Frankenstein', author: this.authors[0], publishedAt: new Date('1818-01-01') }),
  ];

  @OnFlame('search')
  async search(input: SearchInput): Promise<(Author | Book)[]> {
    return [
      ...this.authors.filter((author) => input.matches(author.fullName)),
      ...this.books.filter((book) => input.matches(`${book.title} ${book.author.fullName}`)),
    ];
  }

  @OnFlame('search')
  async whoSearches(): Promise<number> {
    return process.pid;
  }

  @OnFlame('search', { handlerTimeout: 50 })
  async slowest(): Promise<string> {
    return new Promise((resolve) => setTimeout(resolve, 60_000, 'found').unref());
  }
}
