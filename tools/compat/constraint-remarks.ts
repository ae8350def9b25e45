/** What to say where a constraint cannot be read, or is read as another thing than it seems to be. */

import { skipBlanks } from './constraint-tokens.ts';

/** Something wrong, or a trap. `column` counts from 1. */
export interface ConstraintRemark {
  readonly message: string;
  readonly column: number;
  readonly fix: string;
}

export function remark(at: number, message: string, fix: string): ConstraintRemark {
  return { message, column: at + 1, fix };
}

/** A property name should stand at `position`. */
export function noName(text: string, position: number): ConstraintRemark {
  const at = skipBlanks(text, position);
  const rest = text.slice(at);
  if (rest === '')
    return remark(at, 'a comparison is missing here', 'Write property == value, or remove the AND or OR.');
  if (rest.startsWith('ini')) return unreadableWord(at);
  if (rest.startsWith('in') && position < at)
    return remark(at, 'a name that begins with "in" cannot follow a blank here', 'Remove the blank before it.');
  if (/^-?\d/.test(rest))
    return remark(at, 'a property name cannot begin with a digit', 'Rename the property, or put its name first.');
  return remark(at, `a property name is expected, not ${startOf(rest)}`, 'Write property == value.');
}

/** An operator should stand at `position`, behind `name`. */
export function noOperator(text: string, position: number, name: string): ConstraintRemark {
  const at = skipBlanks(text, position);
  const rest = text.slice(at);
  if (name.trim() === 'NOT')
    return remark(position - name.trim().length, 'there is no NOT', 'Write property != value.');
  const found = rest === '' ? 'the end' : startOf(rest);
  return remark(at, `an operator is expected after ${name.trim()}, not ${found}`, 'Use ==, !=, <, >, <=, >= or in.');
}

/** A value should stand at `position`. */
export function noValue(text: string, position: number): ConstraintRemark {
  const at = skipBlanks(text, position);
  const rest = text.slice(at);
  if (rest.startsWith('ini')) return unreadableWord(at);
  if (/^(?:in)+(?:$|[\s)])/.test(rest)) return remark(at, '"in" cannot be a value', 'Put it in quotes.');
  if (rest.startsWith('"'))
    return remark(
      at,
      'this quoted value is empty, not closed, or holds a character that constraints cannot carry',
      "Between quotes only letters, digits, blanks, commas and _ - / ! ? + ~ ' . may stand.",
    );
  if (/^[[(]/.test(rest))
    return remark(at, 'this is no version range', 'Write it with three numbers each, as [1.0.0,2.0.0).');
  return remark(
    at,
    rest === '' ? 'the value is missing' : `a value is expected, not ${startOf(rest)}`,
    "Values are numbers, versions, words of letters, digits and _ - / ! ? + ~ ' . or quoted text.",
  );
}

/** Behind a complete comparison stands what is neither AND, OR nor a closing parenthesis. */
export function unexpected(text: string, at: number): ConstraintRemark {
  const rest = text.slice(at);
  const before = text.charAt(at - 1);
  if (rest.startsWith(')')) return remark(at, 'this parenthesis was never opened', 'Remove it, or add a "(".');
  if (rest.startsWith('(')) return remark(at, 'AND or OR is missing before this parenthesis', 'Add it.');
  if (/^(?:AND|OR|&&|\|\|)\s*$/.test(rest))
    return remark(at, 'nothing follows this operator', 'Remove it, or add a comparison behind it.');
  if (/^(?:AND|OR|&&|\|\|)/.test(rest))
    return remark(at, 'AND, OR, && and || need a blank on both sides', 'Put blanks around it.');
  if (/^(?:and|or)\s/i.test(rest))
    return remark(at, 'AND and OR are written in capitals', `Write ${rest.slice(0, 3).trim().toUpperCase()}.`);
  if (/[0-9.]/.test(before))
    return remark(
      at,
      `${startOf(rest)} cannot follow a number or version`,
      'Put a value that begins with a digit in quotes.',
    );
  if (/\s/.test(before))
    return remark(at, `AND or OR is expected, not ${startOf(rest)}`, 'Put a value with blanks in quotes.');
  return remark(
    at,
    `${startOf(rest)} cannot stand in a constraint`,
    "Only letters, digits and _ - / ! ? + ~ ' . may: choose a property value without it.",
  );
}

function unreadableWord(at: number): ConstraintRemark {
  return remark(
    at,
    'Open Horizon cannot read a word that begins with "ini"',
    'Rename the property; put a value in quotes.',
  );
}

function startOf(text: string): string {
  return `"${text.split(/\s/, 1)[0]?.slice(0, 20) ?? ''}"`;
}
