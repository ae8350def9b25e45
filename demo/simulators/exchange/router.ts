import type { Handler } from './call.ts';

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

/** One resource: its path (several where the Exchange has aliases) and what it does for each method. `:name` is a segment. */
export interface Route {
  readonly paths: readonly string[];
  readonly methods: Readonly<Partial<Record<Method, Handler>>>;
  /** Runs before a method that the route lacks is refused. */
  readonly guard?: Handler;
}

export type Found =
  | { readonly kind: 'found'; readonly handler: Handler; readonly params: Readonly<Record<string, string>> }
  | {
      readonly kind: 'wrong method';
      readonly allowed: readonly string[];
      readonly guard?: Handler;
      readonly params: Readonly<Record<string, string>>;
    }
  | { readonly kind: 'unknown' }
  | { readonly kind: 'unreadable' };

/** A function that finds the handler for a method and a raw path. */
export function createRouter(routes: readonly Route[]): (method: string, path: string) => Found {
  const patterns = routes.flatMap((route) => route.paths.map((path) => ({ segments: path.split('/'), route })));
  return (method, path) => {
    const segments = path.split('/').map(decodeSegment);
    if (!segments.every((segment) => segment !== undefined)) return { kind: 'unreadable' };
    const allowed: string[] = [];
    let refused: { guard?: Handler; params: Readonly<Record<string, string>> } | undefined;
    for (const { segments: pattern, route } of patterns) {
      const params = match(pattern, segments);
      if (params === undefined) continue;
      const handler = isMethod(method) ? route.methods[method] : undefined;
      if (handler !== undefined) return { kind: 'found', handler, params };
      allowed.push(...Object.keys(route.methods));
      refused ??= { ...(route.guard === undefined ? {} : { guard: route.guard }), params };
    }
    return refused === undefined ? { kind: 'unknown' } : { kind: 'wrong method', allowed, ...refused };
  };
}

function isMethod(method: string): method is Method {
  return ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'].includes(method);
}

function match(pattern: readonly string[], segments: readonly string[]): Record<string, string> | undefined {
  if (pattern.length !== segments.length) return undefined;
  const params: Record<string, string> = {};
  for (const [index, expected] of pattern.entries()) {
    const segment = segments[index] ?? '';
    if (expected.startsWith(':')) {
      if (segment === '') return undefined;
      params[expected.slice(1)] = segment;
    } else if (expected !== segment) return undefined;
  }
  return params;
}

function decodeSegment(segment: string): string | undefined {
  if (segment.includes('#')) return undefined;
  try {
    return decodeURIComponent(segment);
  } catch {
    return undefined;
  }
}
