import { createUnionType } from '@nestjs/graphql';
import { Author } from './author.model.js';
import { Book } from './book.model.js';

export const SearchResult = createUnionType({ name: 'SearchResult', types: () => [Author, Book] as const });
