import { ApolloDriver, ApolloDriverConfig } from '@nestjs/apollo';
import { Module } from '@nestjs/common';
import { GraphQLModule } from '@nestjs/graphql';
import { FlameModule, FlameParent, ProcessBackend } from 'nestjs-flame';
import { BookResolver } from './book.resolver.js';
import { LibraryResolver } from './library.resolver.js';
import { LibraryService } from './library.service.js';

@Module({
  imports: [
    GraphQLModule.forRoot<ApolloDriverConfig>({
      driver: ApolloDriver,
      autoSchemaFile: FlameParent.get() ? true : 'dist/schema.gql', // runners write no file
      subscriptions: { 'graphql-ws': true },
    }),
    FlameModule.forRoot([{ name: 'search', max: 1 }], { backend: new ProcessBackend() }),
  ],
  providers: [LibraryService, LibraryResolver, BookResolver],
})
export class AppModule {}
