/** What there is to see while a step runs; asked again and again. */
export interface View {
  /** For a terminal, where they are drawn in place. */
  lines(): string[];
  /** For a log, where it is printed when it has changed. */
  line(): string;
}

/** One step of the demo. */
export interface Step<T> {
  readonly title: string;
  /** What it does. */
  readonly work: () => Promise<T>;
  /** A few words about what came of it. */
  readonly says: (result: T) => string;
  readonly view?: View;
}

/** Shows how far the demo is, step by step. */
export interface Display extends Disposable {
  /** Prints lines that stay. */
  print(...lines: string[]): void;
  /** Shows a step while it runs, and how it ended. */
  step<T>(step: Step<T>): Promise<T>;
}
