import { characterClass, type Glob, GlobBuilder, withinComponent } from './glob.ts';

/**
 * A pattern as the feeder matches it: Go's filepath.Match, where neither `*` nor `?` matches a slash, after the pattern
 * has also compiled as a regular expression (feeder/policyMatcher.go). `/etc/**` does not, so it never alerts.
 */
export function feederGlob(pattern: string): Glob {
  const glob = new GlobBuilder();
  try {
    new RegExp(pattern);
  } catch {
    return NOTHING;
  }
  for (const [token] of pattern.matchAll(/\\[\s\S]|\[\^?(?:\\[\s\S]|[^\]\\])+\]|[\s\S]/gu)) {
    if (token === '*') glob.many(withinComponent);
    else if (token === '?') glob.one(withinComponent);
    else if (token === '[' || token === '\\') return NOTHING;
    else if (token.startsWith('[')) glob.one(characterClass(token.slice(1, -1)));
    else glob.literal(token.startsWith('\\') ? token.slice(1) : token);
  }
  return glob.build();
}

const NOTHING: Glob = { test: () => false };
