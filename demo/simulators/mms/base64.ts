/** Bytes of a base64 text, or where it stops being base64: Go's StdEncoding, which skips line ends and wants padding. */
export type Decoded = { readonly bytes: Buffer } | { readonly illegalAt: number };

const ALPHABET = /[A-Za-z0-9+/]/;

export function decodeBase64(text: string): Decoded {
  const fault = faultOf(text);
  return fault === undefined ? { bytes: Buffer.from(text, 'base64') } : { illegalAt: fault };
}

/** The words in which Go reports it. */
export const illegalBase64 = (at: number): string => `illegal base64 data at input byte ${at}`;

function faultOf(text: string): number | undefined {
  let at = 0;
  const skipLineEnds = (): void => {
    while (text[at] === '\n' || text[at] === '\r') at += 1;
  };
  for (;;) {
    for (let filled = 0; filled < 4; filled += 1) {
      skipLineEnds();
      const char = text[at];
      if (char === undefined) return filled === 0 ? undefined : at - filled;
      at += 1;
      if (ALPHABET.test(char)) continue;
      if (char !== '=' || filled < 2) return at - 1;
      skipLineEnds();
      if (filled === 2) {
        if (text[at] === undefined) return text.length;
        if (text[at] !== '=') return at - 1;
        at += 1;
        skipLineEnds();
      }
      return text[at] === undefined ? undefined : at;
    }
  }
}
