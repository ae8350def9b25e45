/** Unix milliseconds of a time as Go's RFC3339 layout takes it; `undefined` when it does not. */
export function parseRfc3339(text: string): number | undefined {
  if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/.test(text)) return undefined;
  const moment = Date.parse(text);
  return Number.isNaN(moment) ? undefined : moment;
}

const LAYOUT = ['2006', '-', '01', '-', '02', 'T', '15', ':', '04', ':', '05', 'Z07:00'] as const;

/** What Go says about a text that is no such time: the first part of the layout that is not there. */
export function rfc3339Problem(text: string): string {
  const parsing = `parsing time ${JSON.stringify(text)}`;
  let rest = text;
  for (const part of LAYOUT) {
    const found = patternOf(part).exec(rest);
    if (found === null) {
      return `${parsing} as "2006-01-02T15:04:05Z07:00": cannot parse ${JSON.stringify(rest)} as "${part}"`;
    }
    rest = rest.slice(found[0].length);
  }
  return rest === '' ? `${parsing}: day out of range` : `${parsing}: extra text: ${JSON.stringify(rest)}`;
}

function patternOf(part: (typeof LAYOUT)[number]): RegExp {
  if (part === '2006') return /^\d{4}/;
  if (part === 'Z07:00') return /^(Z|[+-]\d\d:\d\d)/;
  if (part === '05') return /^\d\d(\.\d+)?/;
  return /^\d/.test(part) ? /^\d\d/ : new RegExp(`^${part}`);
}
