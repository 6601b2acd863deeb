import { h, setText } from './dom.js';

/** Asks a question in a dialog with optional fields. Resolves to the fields' values, or to undefined if the dialog was dismissed. */
export function ask(title: string, text: string, yes: string, fields: readonly Field[] = []): Promise<Record<string, string> | undefined> {
  const inputs = fields.map(({ name, value, most }) =>
    h('input', { type: 'number', name, id: `field-${name}`, value: String(value), min: '0', max: String(most), required: true }),
  );
  const rows = fields.map(({ label, name }, n) => h('div', { class: 'field' }, h('label', { for: `field-${name}` }, label), inputs[n]!));
  const dialog = h('dialog', { 'aria-labelledby': 'dialog-title' });
  // There is no form element, because the page's policy forbids sending forms. The Enter key is handled below.
  const accept = (): void => {
    if (inputs.every((input) => input.reportValidity())) dialog.close('yes');
  };
  dialog.append(
    h('h2', { id: 'dialog-title' }, title),
    h('p', {}, text),
    ...rows,
    h(
      'div',
      { class: 'buttons' },
      h('button', { type: 'button', click: () => dialog.close() }, 'Cancel'),
      h('button', { type: 'button', class: 'primary', click: accept, autofocus: fields.length === 0 }, yes),
    ),
  );
  for (const input of inputs) input.addEventListener('keydown', ({ key }) => key === 'Enter' && accept());
  return opened(dialog).then((value) =>
    value === 'yes' ? Object.fromEntries(inputs.map((input) => [input.name, input.value])) : undefined,
  );
}

export interface Field {
  readonly label: string;
  readonly name: string;
  readonly value: number;
  readonly most: number;
}

/** Shows a dialog with the keys. */
export function showKeys(keys: readonly (readonly [key: string, does: string])[]): void {
  const rows = keys.flatMap(([key, does]) => [h('dt', {}, h('kbd', {}, key)), h('dd', {}, does)]);
  const dialog = h('dialog', { 'aria-labelledby': 'dialog-title' });
  dialog.append(
    h('h2', { id: 'dialog-title' }, 'Keys'),
    h('dl', { class: 'keys' }, ...rows),
    h('div', { class: 'buttons' }, h('button', { type: 'button', class: 'primary', click: () => dialog.close() }, 'Close')),
  );
  void opened(dialog);
}

/** Whether a dialog is open and has the keyboard focus. */
export function asking(): boolean {
  return document.querySelector('dialog[open]') !== null;
}

function opened(dialog: HTMLDialogElement): Promise<string> {
  document.body.append(dialog);
  dialog.showModal();
  return new Promise((resolve) =>
    dialog.addEventListener('close', () => {
      dialog.remove();
      resolve(dialog.returnValue);
    }),
  );
}

/** Shows the result of an action for a few seconds, also for screen readers. */
export class Notes {
  readonly element = h('div', { class: 'notes', role: 'status', 'aria-live': 'polite' });
  #timer = 0;

  say(text: string, bad = false): void {
    setText(this.element, text);
    this.element.classList.toggle('bad', bad);
    this.element.classList.add('shown');
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.element.classList.remove('shown'), bad ? 12_000 : 5_000);
  }
}
