import { Field, Int, ObjectType } from '@nestjs/graphql';

@ObjectType()
export class Analysis {
  @Field(() => Int)
  letters: number;

  @Field(() => Int)
  analysedBy: number;
}
