/**
 * A domain as KubeArmor enters it, without dots at its ends (Go's `strings.Trim(domain, ".")`). By hand, because the
 * regular expression for it takes the square of the length where dots stand in the middle.
 */
export function trimDots(domain: string): string {
  let start = 0;
  let end = domain.length;
  while (start < end && domain[start] === '.') start += 1;
  while (end > start && domain[end - 1] === '.') end -= 1;
  return domain.slice(start, end);
}
