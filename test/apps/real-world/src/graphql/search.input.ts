import { Field, InputType } from '@nestjs/graphql';

@InputType()
export class SearchInput {
  @Field()
  text: string;

  matches(text: string): boolean {
    return text.toLowerCase().includes(this.text.toLowerCase());
  }
}
