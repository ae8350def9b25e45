import { createPublicKey, type KeyObject } from 'node:crypto';
import { ArmorError, ArmorErrors } from '#errors';
import { keyIdOf } from '#policy/envelope.ts';
import { distPath } from './dist-layout.ts';

/** The files of a dist under examination, and what was found wrong with them. */
export class DistView {
  readonly files: ReadonlyMap<string, Buffer>;
  readonly #origin: string;
  readonly #problems: ArmorError[] = [];

  /** @param origin the dist or archive, for errors */
  constructor(files: ReadonlyMap<string, Buffer>, origin: string) {
    this.files = files;
    this.#origin = origin;
  }

  below(folder: string): readonly string[] {
    return [...this.files.keys()].filter((path) => path.startsWith(`${folder}/`)).sort();
  }

  /** The file's text without the newline at its end; undefined when it is not there. */
  text(path: string): string | undefined {
    return this.files.get(path)?.toString('utf8').trimEnd();
  }

  /** What the file says, if it is JSON. */
  json(path: string): unknown {
    try {
      return JSON.parse(this.text(path) ?? '');
    } catch {
      return undefined;
    }
  }

  /** The key of this id; undefined unless its file holds an RSA key that really has it. */
  publicKey(keyId: string): KeyObject | undefined {
    try {
      const key = createPublicKey(this.text(distPath.key(keyId)) ?? '');
      return key.asymmetricKeyType === 'rsa' && keyIdOf(key) === keyId ? key : undefined;
    } catch {
      return undefined;
    }
  }

  /** The file as errors and plans name it. */
  name(path: string): string {
    return `${this.#origin}/${path}`;
  }

  tampered(path: string, message: string): ArmorError {
    return new ArmorError('DIST_TAMPERED', message, { file: this.name(path) }, DO_NOT_USE);
  }

  badSignature(path: string, message: string): ArmorError {
    return new ArmorError('SIGNATURE_INVALID', message, { file: this.name(path) }, DO_NOT_USE);
  }

  /** Keeps a problem; there is nothing to go on with. */
  report(problem: ArmorError): [] {
    this.#problems.push(problem);
    return [];
  }

  /** @throws ArmorErrors with everything reported */
  throwIfAny(): void {
    const [first, ...rest] = this.#problems;
    if (first !== undefined) throw new ArmorErrors([first, ...rest]);
  }
}

const DO_NOT_USE = 'Do not publish it; build it again, or get it again.';
