export class ContractDrawnEvent {
  constructor(
    readonly id: string,
    readonly total: number,
    readonly drawnBy: number,
  ) {}

  get isLarge(): boolean {
    return this.total > 100;
  }
}
