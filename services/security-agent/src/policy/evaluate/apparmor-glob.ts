/**
 * AppArmor's globbing as a regular expression: `*` and `?` stay within a path component, `**` does not, `[…]` and
 * `{a,b}` are what they are in a shell (apparmor.d(5)). KubeArmor writes paths and directories into the profile as
 * they are, so they are patterns, too.
 */
export function apparmorGlob(pattern: string): RegExp {
  let depth = 0;
  const parts = [...pattern.matchAll(/\\.|\*\*|\[(?:\\.|[^\]])*\]|[\s\S]/g)].map(([token]) => {
    if (token === '**') return '.*';
    if (token === '*') return '[^/]*';
    if (token === '?') return '[^/]';
    if (token.startsWith('[') && token.endsWith(']') && token.length > 2) return token;
    if (token === '{') {
      depth++;
      return '(?:';
    }
    if (token === '}' && depth > 0) {
      depth--;
      return ')';
    }
    if (token === ',' && depth > 0) return '|';
    return RegExp.escape(token.startsWith('\\') ? token.slice(1) : token);
  });
  return new RegExp(`^${parts.join('')}${')'.repeat(depth)}$`, 's');
}
