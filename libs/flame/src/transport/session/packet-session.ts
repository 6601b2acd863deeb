import { Session } from '../../core/session/session.js';
import { spareMemory } from './spare-memory.js';

/** The books of a session whose packets are bytes, the memory of which is used again when they are confirmed. */
export class PacketSession extends Session<Buffer> {
  /** Packets up to this number were sent again, and may be on their way still when they are confirmed. */
  #sentAgain = 0;

  constructor() {
    super({}, (packet, number) => {
      if (number > this.#sentAgain) spareMemory.giveBack(packet);
    });
  }

  override unconfirmed(): readonly Buffer[] {
    this.#sentAgain = this.next - 1;
    return super.unconfirmed();
  }
}
