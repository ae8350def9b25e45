/**
 * Subjects that are lists with commas, `protocol: tcp,udp`. KubeArmor splits them when the first rule of a list has a
 * comma, and then all of that list; otherwise a comma is taken literally (common/common.go: ObjCommaExpandFirstDupOthers).
 */

/** Whether the rules of a list are split, by the subject of its first. */
export function isCommaList(first: string): boolean {
  return first.includes(',');
}

/** The parts of a subject that is split; blanks fall out. */
export function commaParts(subject: string): string[] {
  return subject.split(',').map((part) => part.replaceAll(' ', ''));
}
