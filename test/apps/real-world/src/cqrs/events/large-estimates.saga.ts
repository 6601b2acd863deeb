import { Injectable } from '@nestjs/common';
import { ICommand, ofType, Saga } from '@nestjs/cqrs';
import { filter, map, Observable } from 'rxjs';
import { DrawContractCommand } from '../commands/draw-contract.command.js';
import { ContractEstimatedEvent } from './contract-estimated.event.js';

@Injectable()
export class LargeEstimatesSaga {
  /** Draws the contract of each large estimate, in the process in which the estimate was published. */
  @Saga()
  largeEstimates = (events: Observable<unknown>): Observable<ICommand> =>
    events.pipe(
      ofType(ContractEstimatedEvent),
      filter(({ total }) => total > 1_000),
      map(({ customer, total }) => new DrawContractCommand(customer, [{ price: total, count: 1 }])),
    );
}
