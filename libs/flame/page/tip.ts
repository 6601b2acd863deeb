import { h, setText } from './dom.js';

/** The tooltip beside the pointer. Only pointer users need it, because the lanes' labels contain the same information. */
export class Tip {
  readonly element = h('div', { class: 'tip', hidden: true, 'aria-hidden': 'true' });

  show(event: PointerEvent, text: string): void {
    const { element } = this;
    setText(element, text);
    element.hidden = false;
    const left = Math.min(event.clientX + 14, document.documentElement.clientWidth - element.offsetWidth - 8);
    element.style.left = `${Math.max(8, left)}px`;
    element.style.top = `${event.clientY + 16}px`;
  }

  hide(): void {
    this.element.hidden = true;
  }
}
