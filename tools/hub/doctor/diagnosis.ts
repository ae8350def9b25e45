import { ArmorError, ArmorErrors, describeWhere } from '#errors';

/** One line of `doctor`. */
export interface Diagnosis {
  readonly check: string;
  readonly status: 'ok' | 'warning' | 'failed' | 'skipped';
  readonly message: string;
  /** Empty when there is nothing to do. */
  readonly fix: string;
}

export function ok(check: string, message: string): Diagnosis {
  return { check, status: 'ok', message, fix: '' };
}

export function warning(check: string, message: string, fix: string): Diagnosis {
  return { check, status: 'warning', message, fix };
}

export function skipped(check: string, message: string): Diagnosis {
  return { check, status: 'skipped', message, fix: '' };
}

/** What a check found or ran into: an ArmorError becomes its line; anything else is a fault of ours and goes on. */
export async function diagnose(
  check: string,
  look: () => Promise<readonly Diagnosis[]>,
): Promise<readonly Diagnosis[]> {
  try {
    return await look();
  } catch (error) {
    if (error instanceof ArmorErrors) return error.errors.map((each) => failed(check, each));
    if (error instanceof ArmorError) return [failed(check, error)];
    throw error;
  }
}

function failed(check: string, { message, where, fix }: ArmorError): Diagnosis {
  return { check, status: 'failed', message: `${describeWhere(where)}: ${message}`, fix };
}
