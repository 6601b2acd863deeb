const logo = process.env.LOGO;

/** The page of an invoice. What users have typed is text in it, not HTML. */
export function invoiceHtml(customer: string): string {
  return `<!doctype html><meta charset="utf-8">
    ${logo ? `<img src="${escaped(logo)}">` : ''}
    <h1>Invoice for ${escaped(customer)}</h1>`;
}

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
