import { burn } from './burn.js';

export async function echo(value: number): Promise<number> {
  return value;
}

export async function work(turns: number): Promise<void> {
  burn(turns);
}
