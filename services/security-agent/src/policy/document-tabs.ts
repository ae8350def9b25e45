import { CST, Lexer } from 'yaml';
import type { TextRange } from './document.ts';

/**
 * The tabs that stand outside of quotes, block scalars and comments, run by run. YAML 1.2 takes them between words;
 * PyYAML and other readers of YAML 1.1 refuse the whole file for one.
 */
export function strayTabs(text: string): TextRange[] {
  if (!text.includes('\t')) return [];
  const found: TextRange[] = [];
  let offset = 0;
  let scalar = false;
  let block = false;
  for (const token of new Lexer().lex(text)) {
    if (token === CST.SCALAR) scalar = true;
    if (token === CST.SCALAR || token === CST.DOCUMENT || token === CST.FLOW_END) continue;
    const type = scalar ? (block ? 'block' : 'plain') : CST.tokenType(token);
    if (type === 'plain' || type === 'space') for (const run of runs(token, offset)) found.push(run);
    if (type === 'block-scalar-header') block = true;
    else if (scalar) block = false;
    scalar = false;
    offset += token.length;
  }
  return found;
}

function runs(token: string, start: number): TextRange[] {
  return [...token.matchAll(/\t+/g)].map(({ index, 0: tabs }) => ({
    start: start + index,
    end: start + index + tabs.length,
  }));
}
