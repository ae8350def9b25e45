import { createHash } from 'node:crypto';
import type { Dirent } from 'node:fs';
import type { Variables } from './variables.ts';

/** What a load of a bundle looked at: whoever finds all of it unchanged knows what the load would give. */
export interface SourceRecord {
  /** Path → SHA-256 of the text; empty for a file that was not there. */
  readonly files: Readonly<Record<string, string>>;
  /** Path → SHA-256 of the names in it. */
  readonly folders: Readonly<Record<string, string>>;
  /** Variable → SHA-256 of its value in the environment; empty where only horizon-armor.yaml could define it. */
  readonly variables: Readonly<Record<string, string>>;
}

/** Takes the record while a bundle is loaded: of what was really read, not of what is there a moment later. */
export class SourceRecorder {
  readonly #files = new Map<string, string>();
  readonly #folders = new Map<string, string>();
  readonly #variables = new Set<string>();

  /** @param text undefined when the file is not there */
  sawFile(file: string, text: string | undefined): void {
    this.#files.set(file, text === undefined ? '' : digest(text));
  }

  sawFolder(folder: string, entries: readonly Dirent[]): void {
    this.#folders.set(folder, digestOfNames(entries));
  }

  /** The same variables; each that is asked for is noted. */
  watching(variables: Variables): Variables {
    const names = this.#variables;
    return new (class extends Map<string, string> {
      override get(name: string): string | undefined {
        names.add(name);
        return super.get(name);
      }
    })(variables);
  }

  /** @param environment the variables without those of horizon-armor.yaml, which is a recorded file itself */
  record(environment: Variables): SourceRecord {
    return {
      files: Object.fromEntries(this.#files),
      folders: Object.fromEntries(this.#folders),
      variables: Object.fromEntries([...this.#variables].map((name) => [name, digestOf(environment, name)])),
    };
  }
}

/** Of what is in a folder: which names there are, and which are folders. */
export function digestOfNames(entries: readonly Dirent[]): string {
  return digest(JSON.stringify(entries.map((entry) => [entry.name, entry.isDirectory()])));
}

/** Of a variable's value; empty where it is not set. */
export function digestOf(environment: Variables, name: string): string {
  const value = environment.get(name);
  return value === undefined ? '' : digest(value);
}

export function digest(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
