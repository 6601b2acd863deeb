import { setTimeout } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import { OnFlame } from 'nestjs-flame';
import { Author } from './author.model.js';
import { Book } from './book.model.js';
import { SearchInput } from './search.input.js';

@Injectable()
export class LibraryService {
  private readers = 0;
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

  @OnFlame('search')
  async greet(language: string): Promise<string> {
    return language === 'fr' ? `Bonjour de ${process.pid}` : `Hello from ${process.pid}`;
  }

  /** Pages of a book as they are read, without end. */
  @OnFlame('search', { handlerTimeout: 3_600_000 })
  async *pages(book: number): AsyncGenerator<number> {
    this.readers++;
    try {
      for (let page = 1; ; page++) {
        yield book * 1_000 + page;
        await setTimeout(20);
      }
    } finally {
      this.readers--;
    }
  }

  @OnFlame('search')
  async countReaders(): Promise<number> {
    return this.readers;
  }

  @OnFlame('search', { handlerTimeout: 50 })
  async slowest(): Promise<string> {
    return setTimeout(60_000, 'found', { ref: false });
  }
}
