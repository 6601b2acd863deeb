export class ContractEstimatedEvent {
  constructor(
    readonly customer: string,
    readonly total: number,
  ) {}
}
