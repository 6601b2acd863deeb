import { Field, Int, ObjectType } from '@nestjs/graphql';
import { Author } from './author.model.js';

@ObjectType()
export class Book {
  @Field(() => Int)
  id: number;

  @Field()
  title: string;

  @Field(() => Author)
  author: Author;

  @Field(() => Date)
  publishedAt: Date;
}
