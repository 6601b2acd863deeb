import { Inject } from '@nestjs/common';

/** The token under which FlameModule provides the pool of this name. */
export function getPoolToken(name: string): string {
  return `FlamePool:${name}`;
}

/** Injects the `FlamePool` of this name. */
export function InjectPool(name: string): ParameterDecorator & PropertyDecorator {
  return Inject(getPoolToken(name));
}
