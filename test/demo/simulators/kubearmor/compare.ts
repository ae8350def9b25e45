import type { Json } from './captures.ts';

/**
 * What an event says, without what differs from run to run: ids, times, and names that the real one takes from a table
 * that races with the events (Source, ParentProcessName, sometimes ProcessName).
 */
export function gist(stream: 'alert' | 'log', event: Json): string {
  const text = (field: string): string => String(event[field] ?? '');
  const isExec = /SYS_EXECVE|BPRM_CHECK/.test(text('Data'));
  // Of a chown the path is what the buffer held before.
  const isChown = text('Data').includes('SYS_FCHOWNAT');
  const resource = isChown ? '' : isExec ? text('ProcessName') : sortedPairs(text('Resource'));
  return [
    stream,
    text('Type'),
    text('Operation'),
    resource,
    text('Data').replace(/ fd=\d+/, ''),
    text('PolicyName'),
    text('Enforcer'),
    text('Action'),
    text('Severity'),
    text('Message'),
    text('Result'),
    text('TTY'),
  ].join(' | ');
}

/** Socket addresses come in the order of a Go map: in any. */
function sortedPairs(resource: string): string {
  return resource.startsWith('s') && resource.includes('=') ? resource.split(' ').sort().join(' ') : resource;
}

/** Events that a scenario is not about: runc on its way in, and what a runtime or a C library does by itself. */
export function isNoise(event: Json): boolean {
  const text = (field: string): string => String(event[field] ?? '');
  const exec = typeof event.ExecEvent === 'object' && event.ExecEvent !== null ? event.ExecEvent : {};
  const isRunc = 'ExecutableName' in exec && String(exec.ExecutableName).startsWith('runc:');
  if (isRunc && !/SYS_EXECVE|BPRM_CHECK/.test(text('Data'))) return true;
  // Go looks which kinds of sockets there are before it makes one that is not connected.
  if (text('Source').startsWith('/bin/kt dnssendto') && /SYS_BIND|protocol=TCP/.test(text('Data') + text('Resource'))) {
    return true;
  }
  if (/hpage_pmd_size|cpu\.max$|resolv\.conf/.test(text('Resource'))) return !text('Data').includes('SYS_FCHOWNAT');
  // busybox reads these by itself; a scenario asks for them by `cat` or `kt read`.
  return /^\/etc\/(passwd|group)$/.test(text('Resource')) && !/^\S*(cat|kt read) /.test(text('Source'));
}

/** What one side has and the other has not. */
export function differences(
  recorded: ReadonlySet<string>,
  simulated: ReadonlySet<string>,
): { readonly missing: string[]; readonly extra: string[] } {
  return {
    missing: [...recorded].filter((each) => !simulated.has(each)).sort(),
    extra: [...simulated].filter((each) => !recorded.has(each)).sort(),
  };
}

export function gists(alerts: readonly Json[], logs: readonly Json[]): Set<string> {
  return new Set([
    ...alerts.filter((event) => !isNoise(event)).map((event) => gist('alert', event)),
    ...logs.filter((event) => !isNoise(event)).map((event) => gist('log', event)),
  ]);
}
