/** The bits of one entry of KubeArmor's rule map (BPF/shared.h, enforcer/bpflsm/rulesHandling.go). */
export const EXEC = 1 << 0;
export const WRITE = 1 << 1;
export const READ = 1 << 2;
export const OWNER = 1 << 3;
export const DIRECTORY = 1 << 4;
export const RECURSIVE = 1 << 5;
/** A parent of some directory rule: the walk goes on below it. */
export const HINT = 1 << 6;
export const DENY = 1 << 7;
export const ARGUMENTS = 1 << 8;
export const TTY = 1 << 9;
