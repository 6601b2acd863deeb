/** A generator that counts its items and records its clean-up. */
export function source(count = Infinity): { produced: number; cleaned: boolean; open: () => AsyncGenerator<number> } {
  const self = {
    produced: 0,
    cleaned: false,
    async *open() {
      try {
        while (self.produced < count) yield ++self.produced;
      } finally {
        self.cleaned = true;
      }
    },
  };
  return self;
}
