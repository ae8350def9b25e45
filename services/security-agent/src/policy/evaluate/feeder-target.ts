/**
 * How KubeArmor's feeder, in user space, compares a rule about programs or files with an event
 * (feeder/policyMatcher.go, matchResources). It differs from the kernel side: no 64 or 200 byte limits, a file's path
 * ends at its first blank, patterns count, directories without a slash match as prefixes.
 */
import type { SecurityEvent } from '../event.ts';
import type { DirectoryMatch, ObjectRule } from './rule.ts';

/** The parts of an event that object rules are compared with. */
export interface FeederObject {
  readonly operation: 'process' | 'file';
  /** What path rules name: the program of a process event, the first word of a file event's resource. */
  readonly path: string;
  /** The directory of `path`, with a slash at its end (`//` for the root, as KubeArmor has it); empty if relative. */
  readonly directory: string;
  readonly resource: string;
  readonly program: string;
  readonly parent: string;
}

export function feederObject(event: SecurityEvent, operation: 'process' | 'file'): FeederObject {
  const { resource, actor } = event;
  const program = actor.executable === '' && operation === 'process' ? firstWord(resource) : actor.executable;
  const path = operation === 'process' ? program : firstWord(resource);
  return { operation, path, directory: directoryPart(path), resource, program, parent: actor.parentExecutable };
}

function firstWord(resource: string): string {
  const blank = resource.indexOf(' ');
  return blank < 0 ? resource : resource.slice(0, blank);
}

function directoryPart(path: string): string {
  if (!path.startsWith('/')) return '';
  const slash = path.lastIndexOf('/');
  return slash === 0 ? '//' : path.slice(0, slash + 1);
}

export function targetMatches(rule: ObjectRule, object: FeederObject): boolean {
  switch (rule.kind) {
    case 'path':
      return rule.path === object.path || (rule.operation === 'file' && rule.path === `${object.resource}/`);
    case 'execname':
      return object.program.endsWith(`/${rule.name}`);
    case 'directory':
      return directoryMatches(rule, object);
    case 'pattern':
      return rule.glob.test(object.resource) || rule.glob.test(object.program);
  }
}

function directoryMatches(rule: DirectoryMatch, object: FeederObject): boolean {
  if (rule.operation === 'file') {
    if (rule.directory === `${object.resource}/`) return true;
    if (rule.directory === '/' && rule.recursive) return true;
  }
  if (object.directory === '' || !object.directory.startsWith(rule.directory)) return false;
  const depth = slashes(object.directory);
  return rule.recursive ? depth >= slashes(rule.directory) : depth === slashes(rule.directory);
}

function slashes(path: string): number {
  let count = 0;
  for (let at = path.indexOf('/'); at >= 0; at = path.indexOf('/', at + 1)) count++;
  return count;
}
