import { type AnswerCode, MESSAGES, type MessageKey } from './messages.ts';

/** Languages that the simulator speaks; the real one knows ten. */
export type LanguageName = 'en' | 'de';

/** How codes and messages read: both are translated (reference/exchange-mms.md §A.3). */
export interface Language {
  code(code: AnswerCode): string;
  /** Whole numbers among the arguments get thousands separators, as Java's MessageFormat gives them. */
  text(key: MessageKey, ...args: readonly (string | number | null)[]): string;
}

/** Recorded from a German Exchange where possible; codes only otherwise. */
const GERMAN_CODES: Readonly<Record<AnswerCode, string>> = {
  'access-denied': 'Zugriff_verweigert',
  'already-exists': 'Bereits_vorhanden',
  'database-connection-error': 'Datenbankverbindungsfehler',
  'invalid-credentials': 'Ungültige_Berechtigungsnachweise',
  'invalid-input': 'Ungültige_Eingabe',
  'not-found': 'Nicht_gefunden',
  internal_error: 'Interner_Fehler',
  ok: 'OK',
};

/** Messages without a translation here are given in English, which no client may rely on either way. */
const GERMAN_MESSAGES: Partial<Readonly<Record<MessageKey, string>>> = {
  'access.denied': 'Zugriff verweigert',
  'access.denied.no.auth': "Zugriff verweigert: '{0}' verfügt nicht über die Autorisierung: {1} {2}",
  'not.found': 'nicht gefunden',
  'service.already.exists': "Der Service '{0}' ist bereits vorhanden: {1}",
  'service.created': "Der Service '{0}' wurde erstellt",
  'service.not.found': "Der Service '{0}' wurde nicht gefunden",
  'service.updated': 'Der Service wurde aktualisiert',
  'version.not.valid.format': "Die Version '{0}' hat kein gültiges Versionsformat.",
};

export function speak(name: LanguageName): Language {
  const messages = name === 'de' ? { ...MESSAGES, ...GERMAN_MESSAGES } : MESSAGES;
  return {
    code: (code) => (name === 'de' ? GERMAN_CODES[code] : code),
    text: (key, ...args) =>
      messages[key].replace(/\{(\d)\}/g, (hole, index: string) => spell(args[Number(index)], hole)),
  };
}

function spell(argument: string | number | null | undefined, hole: string): string {
  if (argument === undefined) return hole;
  return typeof argument === 'number' ? argument.toLocaleString('en-US') : String(argument);
}
