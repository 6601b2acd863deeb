/** What Nest can run around a handler on its runner. */
export type FlameEnhancer = 'guards' | 'interceptors' | 'filters';

export const flameEnhancers: readonly FlameEnhancer[] = ['guards', 'interceptors', 'filters'];
