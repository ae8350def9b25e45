/**
 * Patterns as the feeder matches them: Go's filepath.Match, where neither `*` nor `?` matches a slash, after the
 * pattern has also compiled as a regular expression (feeder/policyMatcher.go). `/etc/**` does not, so it never alerts.
 */
const compiled = new Map<string, RegExp | undefined>();

/** Whether `text` matches `pattern`; false for every text where the feeder drops the pattern. */
export function globMatches(pattern: string, text: string): boolean {
  let expression = compiled.get(pattern);
  if (expression === undefined && !compiled.has(pattern)) {
    expression = compile(pattern);
    compiled.set(pattern, expression);
  }
  return expression?.test(text) === true;
}

function compile(pattern: string): RegExp | undefined {
  try {
    new RegExp(pattern);
    return new RegExp(`^${[...tokens(pattern)].join('')}$`, 's');
  } catch {
    return undefined;
  }
}

function* tokens(pattern: string): Generator<string> {
  for (const [token] of pattern.matchAll(/\\.|\[\^?(?:\\.|[^\]\\])+\]|./gs)) {
    if (token === '*') yield '[^/]*';
    else if (token === '?') yield '[^/]';
    else if (token.startsWith('[')) yield token === '[' ? '(?!)' : token;
    else yield RegExp.escape(token.startsWith('\\') ? token.slice(1) : token);
  }
}
