export type Severity = 'error' | 'warning' | 'info';

/** One finding of lint, as `--json` prints it (design §5). Lines and columns count from 1. */
export interface Finding {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  /** `KA…` for KubeArmor, `OH…` for Open Horizon. */
  readonly rule: string;
  readonly severity: Severity;
  readonly message: string;
  readonly fix: string;
}
