import { isInRange, parseVersionRange } from '#policy/version-range.ts';
import type { ServiceTerms, UserInputTerms } from './terms.ts';

/** Why a service would not get its inputs. */
export interface InputProblem {
  readonly input: string;
  readonly text: string;
  readonly fix: string;
}

/**
 * Whether a service gets a value of the right type for each of its inputs (reference/anax.md §4.3): of the policy and of
 * the node the first entry that fits counts, the node's values win, and a service whose inputs all have defaults is not
 * looked at.
 */
export function userInputProblems(
  service: ServiceTerms,
  fromPolicy: readonly UserInputTerms[],
  fromNode: readonly UserInputTerms[],
): InputProblem[] {
  if (service.userInput.every(({ name, defaultValue }) => name === '' || defaultValue !== '')) return [];
  const given = new Map(
    [firstThatFits(service, fromPolicy), firstThatFits(service, fromNode)].flatMap((entry) =>
      (entry?.inputs ?? []).map(({ name, value }) => [name, value] as const),
    ),
  );
  return service.userInput.flatMap(({ name, type, defaultValue }): InputProblem[] => {
    if (!given.has(name)) return defaultValue === '' ? [missing(service, name)] : [];
    const wrong = typeProblem(given.get(name), type);
    if (wrong === undefined) return [];
    const text = `input ${name} of ${service.url} is ${wrong}, and it has to be ${type === '' ? 'string' : type}`;
    return [{ input: name, text, fix: 'Write the value in that type.' }];
  });
}

function missing({ org, url }: ServiceTerms, name: string): InputProblem {
  return {
    input: name,
    text: `input ${name} of ${url} has neither a value nor a default`,
    fix: `Give it under userInput (serviceOrgid: ${org}, serviceUrl: ${url}) of the deployment policy or the node.`,
  };
}

function firstThatFits(service: ServiceTerms, entries: readonly UserInputTerms[]): UserInputTerms | undefined {
  return entries.find(({ serviceOrgid, serviceUrl, serviceArch, serviceVersionRange }) => {
    if (serviceOrgid !== service.org || serviceUrl !== service.url) return false;
    if (serviceArch !== '' && serviceArch !== service.arch) return false;
    const range = parseVersionRange(serviceVersionRange === '' ? '[0.0.1,INFINITY)' : serviceVersionRange);
    return range !== undefined && isInRange(service.version, range);
  });
}

/** What the value is, when that is not what the type asks for (agent and agbot: reference/anax.md §4.3, §4.4). */
function typeProblem(value: unknown, type: string): string | undefined {
  if (typeof value === 'boolean') return ['bool', 'boolean'].includes(type) ? undefined : 'a boolean';
  if (typeof value === 'string') return ['', 'string'].includes(type) ? undefined : 'a string';
  if (typeof value === 'number') {
    if (type === 'int') return Number.isInteger(value) ? undefined : 'a fraction';
    return type.includes('float') ? undefined : 'a number';
  }
  if (Array.isArray(value)) {
    if (type !== 'list of strings') return 'a list';
    return value.every((item) => typeof item === 'string') ? undefined : 'a list with other things than strings';
  }
  return value === null || value === undefined ? 'empty' : 'an object';
}
