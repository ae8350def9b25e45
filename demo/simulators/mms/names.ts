/** What the sync service calls a name: organisations, object types and ids, versions, destinations. */
export function isValidName(name: string): boolean {
  return /^[a-zA-Z0-9|!@#$^*\-_.~\p{L}\p{N}]+$/u.test(name);
}

/**
 * What an edge node can put into a request to the cloud side. It is narrower than `isValidName`: an object whose name
 * passes one and not the other can be published and never be delivered (reference/exchange-mms.md §0).
 */
export function isDeliverableName(name: string): boolean {
  return /^[\p{L}\p{N}\p{M}._@-]+$/u.test(name) && !name.includes('..');
}

/** Markup in a description. */
export function hasMarkup(description: string): boolean {
  return /<\/?[a-zA-Z0-9]+>/.test(description);
}

/** As Go's html.EscapeString. */
export function escapeHtml(text: string): string {
  const escapes: Readonly<Record<string, string>> = {
    '&': '&amp;',
    "'": '&#39;',
    '<': '&lt;',
    '>': '&gt;',
    '"': '&#34;',
  };
  return text.replaceAll(/[&'<>"]/g, (char) => escapes[char] ?? char);
}
