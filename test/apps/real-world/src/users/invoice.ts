/** A class that no library knows, and that hides a field by itself. */
export class Invoice {
  constructor(
    readonly amount: number,
    readonly iban: string,
  ) {}

  toJSON() {
    return { amount: this.amount };
  }
}
