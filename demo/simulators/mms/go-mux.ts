/** How Go's request multiplexer sees a path before any handler does. */
import { posix } from 'node:path';
import type { HttpAnswer, HttpRequest } from '../http.ts';

export type Target = { readonly path: string } | { readonly answer: HttpAnswer };

/** A path that ends in a slash in here stands for everything below it, and without the slash for a redirect to it. */
export function resolveTarget(request: HttpRequest, subtrees: readonly string[]): Target {
  let path: string;
  try {
    path = decodeURIComponent(request.path);
  } catch {
    return {
      answer: {
        status: 400,
        headers: { 'content-type': 'text/plain; charset=utf-8', connection: 'close' },
        body: '400 Bad Request',
      },
    };
  }
  // Dots that are percent-encoded are no dots here, and reach the handlers.
  const clean = cleanPath(request.path);
  if (clean !== request.path) return { answer: redirect(request, clean) };
  return subtrees.includes(`${path}/`) ? { answer: redirect(request, `${request.path}/`) } : { path };
}

export const pageNotFound: HttpAnswer = {
  status: 404,
  headers: { 'content-type': 'text/plain; charset=utf-8', 'x-content-type-options': 'nosniff' },
  body: '404 page not found\n',
};

function cleanPath(path: string): string {
  const clean = posix.normalize(path.startsWith('/') ? path : `/${path}`);
  return clean === '/' || path.endsWith('/') ? clean : clean.replace(/\/$/, '');
}

/** A body is sent to readers only. */
function redirect({ method, query }: HttpRequest, path: string): HttpAnswer {
  const search = query.size === 0 ? '' : `?${query}`;
  const location = `${path}${search}`;
  if (method !== 'GET' && method !== 'HEAD') return { status: 307, headers: { location } };
  return {
    status: 307,
    headers: { location, 'content-type': 'text/html; charset=utf-8' },
    body: `<a href="${location}">Temporary Redirect</a>.\n\n`,
  };
}
