import { anything, characterClass, type Glob, GlobBuilder, withinComponent } from './glob.ts';

/**
 * AppArmor's globbing: `*` and `?` stay within a path component, `**` does not, `[…]` and `{a,b}` are what they are in a
 * shell (apparmor.d(5)). KubeArmor writes paths and directories into the profile as they are, so they are patterns, too.
 */
export function apparmorGlob(pattern: string): Glob {
  const glob = new GlobBuilder();
  for (const [token] of pattern.matchAll(/\\[\s\S]|\*\*|\[(?:\\[\s\S]|[^\]\\])+\]|[\s\S]/gu)) {
    if (token === '**') glob.many(anything);
    else if (token === '*') glob.many(withinComponent);
    else if (token === '?') glob.one(withinComponent);
    else if (token.length > 2 && token.startsWith('[')) glob.one(characterClass(token.slice(1, -1)));
    else if (token === '{') glob.openGroup();
    else if (token === '}' && glob.depth > 0) glob.closeGroup();
    else if (token === ',' && glob.depth > 0) glob.nextBranch();
    else glob.literal(token.startsWith('\\') && token.length > 1 ? token.slice(1) : token);
  }
  return glob.build();
}
